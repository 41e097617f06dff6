import CaseStore
import EmergencyAccess
package import Postgres
package import Referral

extension AccessCards {
    /// A draft of a person's access card out of their referrals, for the person to confirm: `{person_id, card, sources, left_out}`,
    /// where `card` is what ``save(_:of:by:)`` takes once it has `verified_on`. Reading it is on the ledger; nothing is kept.
    ///
    /// - Returns: Nil when there is no such person.
    package func draft(_ person: UUIDValue, by actor: String) async throws -> Value? {
        let told = try await database.transaction { [store] connection in
            try store.tellingReferrals(of: person, viewedBy: actor, in: connection)
        }
        guard let told else { return nil }
        let draft = AccessCardDraft(
            told.map { telling in
                let source = AccessCardDraft.Source(
                    referral: telling.summary.id.description, receipt: telling.summary.submission.description,
                    sender: telling.summary.sender, sentAt: Instant(microseconds: telling.sentAt.microseconds))
                return (source, telling.referral)
            })
        var value: Value = ["person_id": .string(person.description)]
        for (key, part) in draft.value { value[key] = part }
        return value
    }
}
