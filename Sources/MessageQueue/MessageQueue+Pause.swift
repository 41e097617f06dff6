import Postgres

extension MessageQueue {
    /// Stops claims of the queue on all nodes until ``resume(_:)``, or by itself after a time; messages may still be
    /// enqueued, and those leased are finished.
    ///
    /// - Parameters:
    ///   - reason: for the next person who looks; no personal data
    ///   - time: after which it is over; `nil` waits for ``resume(_:)``
    package func pause(_ queue: String, reason: String, for time: Duration? = nil) async throws {
        try await setPause(
            """
            UPDATE queue.queue
            SET paused_at = now(), paused_until = now() + \(time as Duration?), pause_reason = \(String(reason.prefix(500)))
            WHERE name = \(queue)
            """, queue: queue)
    }

    /// Ends ``pause(_:reason:for:)``.
    package func resume(_ queue: String) async throws {
        try await setPause(
            "UPDATE queue.queue SET paused_at = NULL, paused_until = NULL, pause_reason = NULL WHERE name = \(queue)",
            queue: queue)
        wake(queue)
    }

    private func setPause(_ sql: SQL, queue: String) async throws {
        guard try await database.execute(sql, name: "queue.pause") == 1 else { throw QueueError.unknownQueue(queue) }
    }
}
