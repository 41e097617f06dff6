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

extension Sharing {
    /// What the agreements of a person permit now, by the facts that a share would be judged by; nil when there is no such person.
    func permissions(of person: UUIDValue) async throws -> PersonPermissions? {
        let facts = try await database.read { [store] connection in
            // Nothing is asked for: of the facts only those of the person are read.
            let nothing = ShareRequest(
                person: person, recipient: "", purpose: "", groups: [], channel: "", requestedBy: "hub")
            return try store.ask([nothing], in: connection) { _ in RecipientSetup(channels: []) }.first??.facts
        }
        guard let facts else { return nil }
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
}
