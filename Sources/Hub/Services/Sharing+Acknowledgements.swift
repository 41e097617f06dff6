import CaseStore
package import Postgres
import Referral

extension Sharing {
    /// Enters that the recipient of a delivered share has taken it in, or will not act on it, as a person was told.
    ///
    /// - Returns: the share as ``value(of:)`` shows it, a conflict when it was not delivered, or nil when there is no such
    ///   share. To say the same twice is the same as once.
    /// - Throws: ``RequestError`` naming everything that is wrong with the body.
    package func acknowledge(_ id: UUIDValue, _ body: [UInt8], by actor: String) async throws -> Answer? {
        let told = try AcknowledgementRequest(body).told(by: actor)
        return try await database.transaction { [store] connection -> Answer? in
            guard try store.share(id, in: connection) != nil else { return nil }
            guard try store.acknowledge(id, told, in: connection),
                let share = try store.share(id, in: connection)
            else { return .conflict }
            return .made(Self.value(of: share))
        }
    }
}
