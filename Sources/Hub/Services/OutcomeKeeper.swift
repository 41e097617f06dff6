import Logging
import Postgres

/// Enters what is known of bytes that have left, and does not let go of it lightly: a database that is away for a moment is
/// waited for, and a message that is another attempt's by now takes none of this one's knowledge with it.
struct OutcomeKeeper: Sendable {
    let logger: Logger

    /// - Parameters:
    ///   - settle: Enters the outcome together with the message's end.
    ///   - enter: Enters the outcome alone, where the message is another attempt's by now.
    /// - Throws: ``LeaseLost`` in that case, once the outcome is entered.
    func keep(
        _ settle: () async throws -> Void, orElse enter: () async throws -> Void
    ) async throws {
        var waits: [Duration] = [.milliseconds(200), .seconds(1), .seconds(3), .seconds(6)]
        while true {
            do {
                return try await settle()
            } catch let error as PostgresError where !waits.isEmpty {
                logger.warning("an outcome waits for the database", metadata: ["error": "\(error)"])
                try await Task.sleep(for: waits.removeFirst())
            } catch is LeaseLost {
                try await enter()
                throw LeaseLost()
            }
        }
    }
}
