import Referral
import Testing

@testable import Disclosure

@Suite struct PermittedTests {
    private let rules = PolicyRules.notice
    private let now = Instant(rfc3339: "2026-06-01T12:00:00Z")!
    private let signed = Instant(rfc3339: "2026-01-05T00:00:00Z")!

    private func agreement(_ scope: [Agreement.ScopeLine], revokedAt: Instant? = nil) -> Agreement {
        Agreement(id: "a", signedOn: signed, revokedAt: revokedAt, scope: scope)
    }

    private func permitted(
        _ agreements: [Agreement], _ recipient: String = "derby_homes", _ purpose: Purpose = .housingSupport
    ) -> Permitted? {
        rules.permitted(by: agreements, to: recipient, for: purpose, subject: Subject(), at: now)
    }

    @Test func `a line without groups permits all that the purpose is about, and one with groups these`() {
        let all = agreement([.init(recipient: "derby_homes", purposes: [.housingSupport])])
        #expect(permitted([all]) == .all)
        let part = agreement([.init(recipient: "derby_homes", purposes: [.housingSupport], groups: [.name])])
        #expect(permitted([part]) == .part([.name]))
    }

    @Test func `what nobody agreed to, and what was withdrawn, is told apart`() {
        #expect(permitted([]) == .nothing(.noAgreement))
        let line = Agreement.ScopeLine(recipient: "derby_homes", purposes: [.housingSupport], withdrawnAt: signed)
        #expect(permitted([agreement([line])]) == .nothing(.recipientWithdrawn))
        #expect(permitted([agreement([], revokedAt: signed)]) == .nothing(.agreementRevoked))
        #expect(permitted([agreement([line])], "uhdb") == .nothing(.recipientNotInAgreement))
    }

    @Test func `an agreement does not open what the register closes`() {
        let line = Agreement.ScopeLine(recipient: "a_neighbour", purposes: [.housingSupport])
        #expect(permitted([agreement([line])], "a_neighbour") == .nothing(.recipientNotListed))
    }

    @Test func `a purpose that rests on no agreement is not answered`() {
        #expect(permitted([], "derbys_police", .emergency) == nil)
    }

    /// What the table says and what a share would be told are the same.
    @Test func `it agrees with the decision about a share`() throws {
        let lines = [
            Agreement.ScopeLine(recipient: "derby_homes", purposes: [.housingSupport], groups: [.name, .housing]),
            Agreement.ScopeLine(recipient: "uhdb", purposes: [.careSupport]),
        ]
        let agreement = agreement(lines)
        for recipient in ["derby_homes", "uhdb"] {
            for purpose in Purpose.allCases where purpose.family == .consent && rules.enabledPurposes.contains(purpose)
            {
                let row = try #require(rules.row(purpose, .identifiable))
                var asked = ShareRequestFacts(
                    recipient: recipient, purpose: purpose.rawValue, level: "identifiable", groups: row.groups,
                    channel: ReleaseChannel.httpsMutualTLS.rawValue)
                asked.recipientChannels = [.httpsMutualTLS]
                let facts = DisclosureFacts(
                    at: now, stage: .request, queuedAt: nil, subject: Subject(), agreements: [agreement],
                    request: asked, unreadable: [])
                let decision = Policy.decide(facts, rules: rules, tracing: false)
                switch permitted([agreement], recipient, purpose) {
                case .part(let groups)?: #expect(decision.released == groups, "\(recipient) \(purpose)")
                case .all?: #expect(decision.outcome.releases, "\(recipient) \(purpose)")
                case .nothing?: #expect(!decision.outcome.releases, "\(recipient) \(purpose)")
                case nil: Issue.record("rests on an agreement")
                }
            }
        }
    }
}
