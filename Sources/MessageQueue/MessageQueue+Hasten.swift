package import Postgres

extension MessageQueue {
    /// Lets no message of a queue wait for longer than until a moment: what waits for a later one is due then.
    ///
    /// For queues whose messages wait for a day that can be moved.
    ///
    /// - Parameter sparing: The longest wait between two attempts, which is not cut short.
    /// - Returns: How many messages are due sooner.
    @discardableResult
    package func hasten(_ queue: String, until moment: Timestamp, sparing: Duration = .zero) async throws -> Int {
        let hastened = try await database.execute(
            """
            UPDATE queue.state
            SET wait_until = \(moment)
            FROM queue.queue
            WHERE queue.name = \(queue) AND state.queue = queue.id AND state.shelf = 3
                AND state.wait_until > greatest(\(moment), now()) + \(sparing)
            """, name: "queue.hasten")
        if hastened > 0 { wake(queue) }
        return hastened
    }
}
