package import Postgres

/// One thing that happened to a message.
package struct HistoryEntry: Sendable, Equatable {
    /// What can happen.
    package enum Event: String, Sendable, CaseIterable {
        /// It was committed to its queue.
        case enqueued
        /// An attempt succeeded.
        case acknowledged
        /// An attempt failed; another follows.
        case retried
        /// It was set aside.
        case deadLettered = "dead_lettered"
        /// A holder vanished, and its lease was found run out.
        case lost
        /// It was ended before it went.
        case cancelled
        /// It was brought back from the dead letters.
        case replayed
        /// An attempt is under way; its outcome is not known yet.
        case leased
        /// It waits for a time, its sender's or its next attempt's: that time is the entry's.
        case waiting
    }

    /// The message.
    package let messageID: MessageID
    /// Its queue.
    package let queue: String
    /// When it happened, by the database's clock.
    package let at: Timestamp
    /// What happened.
    package let event: Event
    /// The attempt that it belongs to, from 1; 0 for what is no attempt.
    package let attempt: Int
    /// When that attempt began.
    package let beganAt: Timestamp?
    /// The name and number of the node that held it, as `name/number`.
    package let node: String?
    /// The cause's code.
    package let cause: String?
}

extension MessageQueue {
    /// Everything that happened to one message, in order; empty if the queue knows no such message (any more).
    package func history(of message: MessageID) async throws -> [HistoryEntry] {
        try await history("SELECT * FROM queue.message WHERE id = \(message.rawValue)")
    }

    /// Everything that happened to the messages with this correlation, in order.
    package func history(of correlation: UUIDValue) async throws -> [HistoryEntry] {
        try await history("SELECT * FROM queue.message WHERE correlation = \(correlation)")
    }

    private func history(_ messages: SQL) async throws -> [HistoryEntry] {
        let rows = try await database.query(
            """
            WITH message AS MATERIALIZED (
                SELECT id, queue, enqueued_at FROM (\(messages)) AS m
            ), live AS (
                SELECT s.*
                FROM message AS m
                JOIN queue.state AS s
                    ON s.queue = m.queue AND s.shelf = ANY ('{0,1,2,3,4,5}'::smallint[]) AND s.position = m.id
                UNION
                SELECT s.* FROM message AS m JOIN queue.state AS s ON s.id = m.id AND s.position <> s.id
            ), entry AS (
                SELECT m.id, m.enqueued_at AS at, 'enqueued' AS event, 0 AS attempt, NULL::timestamptz AS began_at,
                    NULL::integer AS node, NULL AS cause
                FROM message AS m
                UNION ALL
                SELECT m.id, h.ended_at, h.outcome::text, h.attempt, h.began_at, h.node, h.cause
                FROM message AS m
                JOIN queue.history AS h ON \(HistoryStatement.isAbout)
                UNION ALL
                SELECT id, coalesce(leased_at, wait_until), CASE WHEN shelf = 3 THEN 'waiting' ELSE 'leased' END, attempt,
                    leased_at, node, NULL
                FROM live
                WHERE shelf = 3 OR lease_until IS NOT NULL
            )
            SELECT e.id, q.name, e.at, e.event, e.attempt, e.began_at, n.name || '/' || n.id, e.cause
            FROM entry AS e
            JOIN message AS m ON m.id = e.id
            JOIN queue.queue AS q ON q.id = m.queue
            LEFT JOIN queue.node AS n ON n.id = e.node
            ORDER BY e.at, e.id, e.attempt, e.event = 'dead_lettered'
            """, name: "queue.history")
        return try rows.compactMap { row in
            let (id, queue, at, event, attempt, beganAt, node, cause) = try row.decode(
                Int64.self, String.self, Timestamp.self, String.self, Int.self, Timestamp?.self, String?.self,
                String?.self)
            guard let event = HistoryEntry.Event(rawValue: event) else { return nil }
            return HistoryEntry(
                messageID: MessageID(rawValue: id), queue: queue, at: at, event: event, attempt: attempt,
                beganAt: beganAt,
                node: node, cause: cause)
        }
    }
}
