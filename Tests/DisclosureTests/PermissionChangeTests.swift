import Referral
import Testing

@testable import Disclosure

@Suite struct PermissionChangeTests {
    private let rules = PolicyRules.notice
    private let now = Instant(rfc3339: "2026-06-01T12:00:00Z")!
    private let signed = Instant(rfc3339: "2026-01-05T00:00:00Z")!
    private let before = Instant(rfc3339: "2025-12-01T00:00:00Z")!
    private let housing = Agreement.ScopeLine(recipient: "derby_homes", purposes: [.housingSupport])
    private let care = Agreement.ScopeLine(recipient: "uhdb", purposes: [.careSupport])

    private func agreement(
        _ id: String, version: Int = 1, _ scope: [Agreement.ScopeLine], _ change: (inout Agreement) -> Void = { _ in }
    ) -> Agreement {
        var agreement = Agreement(id: id, version: version, signedOn: signed, scope: scope)
        change(&agreement)
        return agreement
    }

    private func changes(_ old: [Agreement], _ new: [Agreement]) -> [PermissionChange] {
        rules.changes(from: old, to: new, subject: Subject(), at: now)
    }

    @Test func `what one permits and the other does not is told, both ways`() {
        let (old, new) = (agreement("a", [care]), agreement("b", version: 2, [housing]))
        #expect(
            changes([old], [old, new]) == [
                .init(
                    recipient: "derby_homes", purpose: .housingSupport, before: .nothing(.recipientNotInAgreement),
                    after: .all),
                .init(
                    recipient: "uhdb", purpose: .careSupport, before: .all, after: .nothing(.recipientNotInAgreement)),
            ])
        #expect(changes([], []) == [])
    }

    @Test func `what is named and permits nothing is told, and what nobody names is not`() {
        let line = Agreement.ScopeLine(recipient: "derby_homes", purposes: [.careSupport])
        #expect(
            changes([], [agreement("a", [line])]) == [
                .init(
                    recipient: "derby_homes", purpose: .careSupport, before: .nothing(.noAgreement),
                    after: .nothing(.purposeNotForRecipient))
            ])
    }

    @Test func `why nothing rests on an agreement`() {
        let base = agreement("a", [care])
        func obstacle(_ agreement: Agreement, _ all: [Agreement], _ subject: Subject = Subject()) -> Agreement.Obstacle?
        {
            agreement.obstacle(among: all + [agreement], subject: subject, at: now)
        }
        #expect(obstacle(base, []) == nil)
        #expect(obstacle(agreement("b", version: 2, [housing]), [base]) == nil)
        let older = agreement("b", version: 2, [housing]) { [before] in $0.signedOn = before }
        #expect(obstacle(older, [base]) == .replaced(by: base))
        let over = agreement("b", version: 2, [housing]) { [now] in $0.expires = now }
        #expect(obstacle(over, [base]) == .failure(.agreementExpired))
        let attorney = agreement("b", version: 2, [housing]) { $0.signedBy = .attorney }
        #expect(obstacle(attorney, [base]) == .failure(.signatoryAuthorityMissing))
        let later = agreement("b", [housing]) { [now] in $0.starts = Instant(microseconds: now.microseconds + 1) }
        #expect(obstacle(later, [base]) == .failure(.agreementNotStarted))
        var restricted = Subject()
        restricted.restrictedOn = now
        #expect(obstacle(base, [], restricted) == .failure(.processingRestricted))
    }

    @Test func `why nothing rests on an agreement that adds to another`() {
        let base = agreement("a", [care])
        let added = agreement("b", version: 2, [housing]) { $0.supplements = "a" }
        func obstacle(_ agreement: Agreement, _ all: [Agreement]) -> Agreement.Obstacle? {
            agreement.obstacle(among: all + [agreement], subject: Subject(), at: now)
        }
        #expect(obstacle(added, [base]) == nil)
        #expect(obstacle(added, []) == .noBase)
        var early = added
        early.signedOn = before
        #expect(obstacle(early, [base]) == .signedBefore(base))
        let next = agreement("c", version: 3, [housing])
        #expect(obstacle(added, [base, next]) == .base(base, .replaced(by: next)))
        var revoked = base
        revoked.revokedAt = signed
        #expect(obstacle(added, [revoked]) == .base(revoked, .failure(.agreementRevoked)))
    }

    /// Where an agreement meets an obstacle, its lines change nothing for the better.
    @Test func `an obstacle agrees with what is permitted`() {
        let base = agreement("a", [care])
        for version in [0, 2] {
            for signedBy in [Agreement.Signatory.subject, .attorney] {
                for signedOn in [before, signed] {
                    for supplements in [nil, "a"] {
                        let new = agreement("b", version: version, [housing]) {
                            ($0.signedBy, $0.signedOn, $0.supplements) = (signedBy, signedOn, supplements)
                        }
                        let all = [base, new]
                        let isPermitted = changes([base], all).contains {
                            $0.recipient == "derby_homes" && $0.after.isAnything
                        }
                        let obstacle = new.obstacle(among: all, subject: Subject(), at: now)
                        #expect(isPermitted == (obstacle == nil), "\(new)")
                    }
                }
            }
        }
    }
}
