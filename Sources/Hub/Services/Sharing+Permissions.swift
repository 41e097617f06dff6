import CaseStore
import Disclosure
import Postgres
import Referral

/// What a person's agreements permit at a moment, recipient by recipient.
struct PersonPermissions: Sendable {
    struct Row: Sendable {
        var recipient: String
        /// In the order of ``PersonPermissions/purposes``.
        var cells: [Cell]
    }

    struct Cell: Sendable {
        var permitted: Permitted
        /// Whether an agreement ever named the recipient for this purpose: then what is not permitted has ended.
        var wasNamed: Bool
    }

    /// Those that rest on an agreement and are in use.
    var purposes: [Purpose]
    /// Of everybody whom an agreement names that counts; nobody else is told anything by consent.
    var rows: [Row]
}

/// What would be so if an agreement were entered or withdrawn.
struct AgreementTrial: Sendable {
    /// Those that count now.
    var before: [Agreement]
    /// The one that is entered or withdrawn, as it would stand.
    var agreement: Agreement
    var subject: Subject
    /// The moment of which it tells: now, or when the agreement starts to count.
    var at: Instant
    /// Whether nothing is different before ``at``.
    var isLater: Bool
    var changes: [PermissionChange]
    /// Why the agreement permits nothing, whatever its lines say.
    var obstacle: Agreement.Obstacle?
}

extension Sharing {
    /// The facts of a person by which a share would be judged now: what forbids something to one of those who were found to be
    /// the person forbids it for all. Nil when there is no such person.
    func facts(of person: UUIDValue) async throws -> DisclosureFacts? {
        try await database.read { [store] connection in
            // Nothing is asked for: of the facts only those of the person are read.
            let nothing = ShareRequest(
                person: person, recipient: "", purpose: "", groups: [], channel: "", requestedBy: "hub")
            return try store.ask([nothing], in: connection) { _ in RecipientSetup(channels: []) }.first??.facts
        }
    }

    /// What the agreements of a person permit now, by the facts that a share would be judged by.
    func permissions(by facts: DisclosureFacts) -> PersonPermissions {
        let purposes = Purpose.allCases.filter { $0.family == .consent && rules.enabledPurposes.contains($0) }
        let named = Set(facts.agreements.flatMap { $0.scope.map(\.recipient) })
        let rows = named.map { (name: name(of: $0), recipient: $0) }.sorted { $0 < $1 }.map { _, recipient in
            PersonPermissions.Row(
                recipient: recipient,
                cells: purposes.map { purpose in
                    let permitted = rules.permitted(
                        by: facts.agreements, to: recipient, for: purpose, subject: facts.subject, at: facts.at)
                    let wasNamed = facts.agreements.contains { agreement in
                        agreement.scope.contains { $0.recipient == recipient && $0.purposes.contains(purpose) }
                    }
                    return .init(permitted: permitted ?? .nothing(.purposeNotEnabled), wasNamed: wasNamed)
                })
        }
        return PersonPermissions(purposes: purposes, rows: rows)
    }

    /// What would be so if an agreement were entered; nil when there is no such person.
    func trial(of new: NewAgreement) async throws -> AgreementTrial? {
        guard let facts = try await facts(of: new.person) else { return nil }
        let agreement = Agreement(
            id: UUIDValue.v7().description, version: 1 + (facts.agreements.map(\.version).max() ?? 0),
            signedOn: Instant(new.signedOn), signedBy: new.signedBy, authorityEvidence: new.authorityEvidence,
            hasGuardianPermission: new.hasGuardianPermission, starts: new.starts.map(Instant.init),
            expires: new.expires.map(Instant.init), supplements: new.supplements?.description, scope: new.scope)
        let at = max(facts.at, agreement.effectiveFrom)
        let after = facts.agreements + [agreement]
        return AgreementTrial(
            before: facts.agreements, agreement: agreement, subject: facts.subject, at: at, isLater: at > facts.at,
            changes: rules.changes(from: facts.agreements, to: after, subject: facts.subject, at: at),
            obstacle: agreement.obstacle(among: after, subject: facts.subject, at: at))
    }

    /// What would be so if an agreement were withdrawn, or some lines of it; nil when there is no such agreement.
    ///
    /// - Parameter scopeLines: From 0; left out, the whole agreement.
    func trial(ofWithdrawing id: UUIDValue, scopeLines: [Int]?) async throws -> AgreementTrial? {
        guard let stored = try await database.read({ [store] in try store.agreement(id, in: $0) }),
            let facts = try await facts(of: stored.person)
        else { return nil }
        var withdrawn = stored.agreement
        if let scopeLines {
            for line in scopeLines where withdrawn.scope.indices.contains(line) {
                withdrawn.scope[line].withdrawnAt = facts.at
            }
        } else {
            withdrawn.revokedAt = facts.at
        }
        // One that does not count changes nothing.
        let after = facts.agreements.map { $0.id == withdrawn.id ? withdrawn : $0 }
        return AgreementTrial(
            before: facts.agreements, agreement: withdrawn, subject: facts.subject, at: facts.at, isLater: false,
            changes: rules.changes(from: facts.agreements, to: after, subject: facts.subject, at: facts.at),
            obstacle: withdrawn.obstacle(among: after, subject: facts.subject, at: facts.at))
    }
}
