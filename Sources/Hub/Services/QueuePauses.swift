import CaseStore
import Ledger
package import MessageQueue
package import Postgres

/// Pauses queues and lets them go on, so that who did it stands on the ledger. The reason does not: it is free text, and is
/// kept with the pause for as long as that holds.
package struct QueuePauses: Sendable {
    private let installation: Installation

    package init(_ installation: Installation) { self.installation = installation.acting(as: .console) }

    /// - Parameters:
    ///   - reason: For the next person who looks; no personal data.
    ///   - time: After which the pause ends by itself; nil where somebody has to end it.
    ///   - replacing: Whether a pause that is in force gives way to this one; else it stays as it is.
    ///   - actor: Who pauses.
    /// - Returns: Nil where another pause stays.
    @discardableResult
    package func pause(
        _ queue: String, reason: String, for time: Duration?, replacing: Bool, by actor: String
    ) async throws -> QueuePause? {
        try await installation.queue.pause(queue, reason: reason, for: time, replacing: replacing) {
            [store = installation.store] pause, connection in
            var fields: [LedgerField: String] = [.queue: queue, .state: "paused", .actor: actor]
            fields[.until] = pause.until?.rfc3339
            try store.append([store.entry(.queueChanged, fields)], in: connection)
        }
    }

    /// - Parameters:
    ///   - since: Only the pause that began then; nil is any.
    ///   - actor: Who lets it go on.
    /// - Returns: Whether there was one to end.
    @discardableResult
    package func resume(_ queue: String, only since: Timestamp? = nil, by actor: String) async throws -> Bool {
        try await installation.queue.resume(queue, only: since) { [store = installation.store] connection in
            try store.append(
                [store.entry(.queueChanged, [.queue: queue, .state: "resumed", .actor: actor])], in: connection)
        }
    }
}
