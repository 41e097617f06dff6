import Postgres

extension MessageQueue {
    /// Stops claims of the queue on all nodes until ``resume(_:)``; messages may still be enqueued, and those leased
    /// are finished.
    ///
    /// - Parameter reason: for the next person who looks; no personal data
    package func pause(_ queue: String, reason: String) async throws {
        try await setPause(
            "UPDATE queue.queue SET paused_at = now(), pause_reason = \(String(reason.prefix(500))) WHERE name = \(queue)",
            queue: queue)
    }

    /// Ends ``pause(_:reason:)``.
    package func resume(_ queue: String) async throws {
        try await setPause(
            "UPDATE queue.queue SET paused_at = NULL, pause_reason = NULL WHERE name = \(queue)", queue: queue)
        wake(queue)
    }

    private func setPause(_ sql: SQL, queue: String) async throws {
        guard try await database.execute(sql, name: "queue.pause") == 1 else { throw QueueError.unknownQueue(queue) }
    }
}
