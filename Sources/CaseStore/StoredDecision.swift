package import Disclosure
package import Ledger
package import Postgres
import Referral
import Vault

/// A decision as it was kept, with the facts that it was taken on.
package struct StoredDecision: Sendable, Hashable {
    package let id: UUIDValue
    package let share: UUIDValue
    package let decidedAt: Timestamp
    package let outcome: String
    package let reason: String
    package let policyVersion: String
    package let facts: DisclosureFacts

    /// Whether a decision taken again is this one.
    package func agrees(with decision: Decision) -> Bool {
        (outcome, reason, policyVersion)
            == (decision.outcome.rawValue, decision.reason.rawValue, decision.policyVersion)
    }
}

extension CaseStore {
    /// The decision with an id, or all those about a share, oldest first; enters that their facts were looked at.
    ///
    /// - Parameter part: What is shown of it; nil for all.
    /// - Throws: ``CaseStoreError/keyDestroyed(person:)`` once the person was erased, as the facts are then too.
    package func decisions(
        _ id: UUIDValue, viewedBy actor: String, part: LedgerPart? = nil, in connection: Connection
    ) throws -> [StoredDecision] {
        let rows = try connection.query(
            """
            SELECT
                decision.id, decision.share, decision.decided_at, decision.outcome, decision.reason,
                decision.policy_version, decision.sealed_facts, share.person, person_key.wrapped_key
            FROM record.decision
                JOIN record.share ON share.id = decision.share
                LEFT JOIN record.person_key ON person_key.person = share.person
            WHERE decision.id = \(id) OR decision.share = \(id)
            ORDER BY decision.decided_at, decision.id
            """, name: "record.kept_decisions")
        var persons: Set<UUIDValue> = []
        let decisions = try rows.map { row in
            let id = try row.value("id", as: UUIDValue.self)
            let person = try row.value("person", as: UUIDValue.self)
            persons.insert(person)
            guard let wrapped = try row.value("wrapped_key", as: [UInt8]?.self) else {
                throw CaseStoreError.keyDestroyed(person: person)
            }
            let bytes = try vault.open(
                row.value("sealed_facts"), with: vault.unwrap(wrapped), context: Place.facts(id))
            guard let value = try? StrictJSON.parse(bytes) else { throw CaseStoreError.unreadable(Place.facts(id)) }
            return StoredDecision(
                id: id, share: try row.value("share"), decidedAt: try row.value("decided_at"),
                outcome: try row.value("outcome"), reason: try row.value("reason"),
                policyVersion: try row.value("policy_version"), facts: DisclosureFacts.read(value).facts)
        }
        for share in Set(decisions.map(\.share)) {
            let fields = persons.map { person -> [LedgerField: String] in
                var fields: [LedgerField: String] = [
                    .share: share.description, .person: person.description, .actor: actor,
                ]
                fields[.part] = part?.rawValue
                return fields
            }
            try append(fields.map { entry(.view, $0) }, in: connection)
        }
        return decisions
    }
}
