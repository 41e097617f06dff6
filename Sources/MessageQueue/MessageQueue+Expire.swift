import Postgres

extension MessageQueue {
    /// Dead-letters messages that are past their queue's deadline and that nobody works on, so that they show even where
    /// nothing is claimed: in a queue that is paused, or whose circuit is open. A claim does the same for those it meets.
    ///
    /// Looks at the front of each queue that has a deadline, a few hundred messages at a time; for every few seconds.
    ///
    /// - Returns: how many were set aside
    @discardableResult
    package func expire() async throws -> Int {
        try await refreshPolicies()
        let queues = try await database.query("SELECT name FROM queue.queue ORDER BY name", name: "queue.names")
            .map { try $0.decode(String.self) }
        var expired = 0
        for queue in queues {
            guard let deadline = policy(of: queue).deadline else { continue }
            while try await hasExpired(queue, deadline) {
                let statements = [OrderLock.queues([queue]), SettleStatement.expire(queue: queue, deadline: deadline)]
                let count = try await PlannerSettings.run(statements, on: database)[1].count
                expired += count
                guard count > 0 else { break }
            }
        }
        return expired
    }

    private func hasExpired(_ queue: String, _ deadline: Duration) async throws -> Bool {
        let statement = SettleStatement.expired(queue: queue, deadline: deadline)
        return try await PlannerSettings.run(
            [("SELECT EXISTS (\(statement))", "queue.expired")], on: database)[0][0].decode(Bool.self)
    }
}

extension SettleStatement {
    /// Messages past the deadline among the first five hundred of each shelf, which nobody works on.
    fileprivate static func expired(queue: String, deadline: Duration) -> SQL {
        """
        SELECT front.queue, front.shelf, front.position
        FROM unnest('{0,1,2,3,4}'::smallint[]) AS arm(shelf)
        CROSS JOIN LATERAL (
            SELECT s.queue, s.shelf, s.position, s.entered_at, s.lease_until
            FROM queue.state AS s
            WHERE s.queue = (SELECT id FROM queue.queue WHERE name = \(queue)) AND s.shelf = arm.shelf
            ORDER BY s.position
            LIMIT 500
        ) AS front
        WHERE front.entered_at <= now() - \(deadline) AND (front.lease_until IS NULL OR front.lease_until <= now())
        """
    }

    /// Sets them aside; the queue's order lock goes before.
    fileprivate static func expire(queue: String, deadline: Duration) -> (SQL, StaticString) {
        let cause = Cause.deadlinePassed
        return (
            """
            WITH expired AS MATERIALIZED (
                \(expired(queue: queue, deadline: deadline))
            ), ended AS (
                DELETE FROM queue.state AS s
                USING expired AS e
                WHERE s.queue = e.queue AND s.shelf = e.shelf AND s.position = e.position
                  AND (s.lease_until IS NULL OR s.lease_until <= now())
                RETURNING s.id, s.position, s.key_hash, s.era, s.queue, s.priority, s.leased_at, s.node, s.attempt, s.lost
            ), buried AS (
                INSERT INTO queue.dead_letter
                    (id, era, queue, priority, attempt, lost, cause_code, cause_text, fingerprint)
                SELECT id, era, queue, priority, attempt, lost, \(cause.code), \(cause.text), \(cause.fingerprint)
                FROM ended
            ), \(HistoryStatement.noted(.deadLettered, of: "ended", cause: "\(cause.code)::text")), \(advanced)
            SELECT id FROM ended
            """, "queue.expire"
        )
    }
}
