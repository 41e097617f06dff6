import CaseStore
import Disclosure
package import Postgres
package import Referral

extension AccessCards {
    /// The looks of control rooms at a person, the latest first, in words that the person can be given. Reading them is on the
    /// ledger.
    ///
    /// - Parameter before: The `lookup_id` of the last of the page before.
    /// - Returns: Nil when there is no such person.
    package func looks(
        at person: UUIDValue, before: UUIDValue? = nil, limit: Int, by actor: String
    ) async throws -> [Value]? {
        let looks = try await database.transaction { [store] connection in
            try store.looks(at: person, before: before, limit: limit, viewedBy: actor, in: connection)
        }
        return looks?.map { look in
            let day = LondonTime.clock(Instant(microseconds: look.at.microseconds)).date
            return look.value(from: register.recipients[look.caller]?.name(on: day) ?? look.caller)
        }
    }
}
