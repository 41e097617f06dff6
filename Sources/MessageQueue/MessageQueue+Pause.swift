package import Postgres

/// A pause that is in force.
package struct QueuePause: Sendable, Equatable {
    /// When it began; no two of a queue begin at the same moment.
    package let since: Timestamp
    /// When it ends by itself; nil where somebody has to end it.
    package let until: Timestamp?
}

extension MessageQueue {
    /// Stops claims of the queue on all nodes until it is resumed, or by itself after a time; messages may still be
    /// enqueued, and those leased are finished.
    ///
    /// - Parameters:
    ///   - reason: for the next person who looks; no personal data
    ///   - time: after which it is over; `nil` waits for ``resume(_:only:beside:)``
    ///   - replacing: whether a pause that is in force gives way to this one; else it stays as it is
    ///   - body: what must commit together with it
    /// - Returns: nil where another pause stays
    @discardableResult
    package func pause(
        _ queue: String, reason: String, for time: Duration? = nil, replacing: Bool = true,
        beside body: @escaping @Sendable (QueuePause, Connection) throws -> Void = { _, _ in }
    ) async throws -> QueuePause? {
        try await database.transaction { connection in
            let rows = try connection.query(
                """
                UPDATE queue.queue
                SET paused_at = clock_timestamp(), paused_until = clock_timestamp() + \(time as Duration?),
                    pause_reason = \(String(reason.prefix(500)))
                WHERE name = \(queue) AND (\(replacing) OR \(ClaimStatement.isOpen))
                RETURNING paused_at, paused_until
                """, name: "queue.pause")
            guard let row = rows.first else {
                try Self.requireQueue(queue, in: connection)
                return nil
            }
            let (since, until) = try row.decode(Timestamp.self, Timestamp?.self)
            let pause = QueuePause(since: since, until: until)
            try body(pause, connection)
            return pause
        }
    }

    /// Ends a pause.
    ///
    /// - Parameters:
    ///   - since: only the pause that began then; `nil` is any
    ///   - body: what must commit together with it
    /// - Returns: whether there was one to end
    @discardableResult
    package func resume(
        _ queue: String, only since: Timestamp? = nil,
        beside body: @escaping @Sendable (Connection) throws -> Void = { _ in }
    ) async throws -> Bool {
        let isEnded = try await database.transaction { connection in
            let count = try connection.execute(
                """
                UPDATE queue.queue
                SET paused_at = NULL, paused_until = NULL, pause_reason = NULL
                WHERE name = \(queue) AND NOT \(ClaimStatement.isOpen)
                  AND paused_at = coalesce(\(since as Timestamp?), paused_at)
                """, name: "queue.resume")
            guard count == 1 else {
                try Self.requireQueue(queue, in: connection)
                return false
            }
            try body(connection)
            return true
        }
        if isEnded { wake(queue) }
        return isEnded
    }

    /// Forgets pauses that are over by themselves, with their reasons.
    ///
    /// - Returns: how many
    @discardableResult
    package func forgetPauses() async throws -> Int {
        try await database.execute(
            """
            UPDATE queue.queue SET paused_at = NULL, paused_until = NULL, pause_reason = NULL WHERE paused_until <= now()
            """, name: "queue.forget_pauses")
    }

    private static func requireQueue(_ queue: String, in connection: Connection) throws {
        let rows = try connection.query("SELECT FROM queue.queue WHERE name = \(queue)", name: "queue.known")
        if rows.isEmpty { throw QueueError.unknownQueue(queue) }
    }
}
