import CaseStore
import Disclosure
package import Postgres
package import Referral

extension AccessCards {
    /// The looks of control rooms at a person, the latest first; those that were reviewed in words that the person can be given.
    /// Reading them is on the ledger.
    ///
    /// - Parameter before: The `lookup_id` of the last of the page before.
    /// - Returns: Nil when there is no such person.
    /// - Throws: ``RequestError`` where `before` is no look at this person.
    package func looks(
        at person: UUIDValue, before: UUIDValue? = nil, limit: Int, by actor: String
    ) async throws -> [Value]? {
        let looks = try await database.transaction { [store] connection in
            let looks = try store.looks(at: person, before: before, limit: limit, viewedBy: actor, in: connection)
            if looks != nil, let before, try !store.isLook(before, at: person, in: connection) {
                throw RequestError(
                    findings: [Finding(.schema, at: "before", "Must be the id of a look at this person")])
            }
            return looks
        }
        return looks?.map { look in
            let day = LondonTime.clock(Instant(microseconds: look.at.microseconds)).date
            return look.value(from: register.recipients[look.caller]?.name(on: day) ?? look.caller)
        }
    }
}
