package import Postgres

/// How a queue stands.
package struct QueueStatistics: Sendable, Equatable {
    /// Its name.
    package let queue: String
    /// Messages that are due and nobody holds, those behind another of their key included.
    package let ready: Int
    /// Messages that wait for a time, their sender's or their next attempt's.
    package let delayed: Int
    /// Messages that a holder works on.
    package let leased: Int
    /// Ready or leased messages of which a holder vanished without an outcome.
    package let suspect: Int
    /// Messages set aside.
    package let dead: Int
    /// How long ago the oldest ready message was enqueued; `nil` if there is none.
    package let oldestReadyAge: Duration?
    /// Since when it is paused; `nil` if it is not.
    package let pausedAt: Timestamp?
    /// Why it is paused.
    package let pauseReason: String?
}

extension MessageQueue {
    /// How every queue stands, by name. Counts the live rows, so it takes time in proportion to the backlog: for people
    /// and gauges, not for every message.
    package func statistics() async throws -> [QueueStatistics] {
        let rows = try await database.query(
            """
            WITH live AS (
                SELECT queue,
                    count(*) FILTER (WHERE wait_until IS NULL AND (lease_until IS NULL OR lease_until <= now())) AS ready,
                    count(*) FILTER (WHERE wait_until IS NOT NULL) AS delayed,
                    count(*) FILTER (WHERE lease_until > now()) AS leased,
                    count(*) FILTER (WHERE shelf = 4) AS suspect,
                    min(id) FILTER (WHERE wait_until IS NULL AND (lease_until IS NULL OR lease_until <= now())) AS oldest
                FROM queue.state
                GROUP BY queue
            ), dead AS (
                SELECT queue, count(*) AS dead FROM queue.dead_letter GROUP BY queue
            )
            SELECT q.name, coalesce(live.ready, 0), coalesce(live.delayed, 0), coalesce(live.leased, 0),
                coalesce(live.suspect, 0), coalesce(dead.dead, 0), now() - m.enqueued_at, q.paused_at, q.pause_reason
            FROM queue.queue AS q
            LEFT JOIN live ON live.queue = q.id
            LEFT JOIN dead ON dead.queue = q.id
            LEFT JOIN queue.message AS m ON m.id = live.oldest
            ORDER BY q.name
            """, name: "queue.statistics")
        return try rows.map { row in
            let (queue, ready, delayed, leased, suspect, dead, age, pausedAt, reason) = try row.decode(
                String.self, Int.self, Int.self, Int.self, Int.self, Int.self, Duration?.self, Timestamp?.self,
                String?.self)
            return QueueStatistics(
                queue: queue, ready: ready, delayed: delayed, leased: leased, suspect: suspect, dead: dead,
                oldestReadyAge: age, pausedAt: pausedAt, pauseReason: reason)
        }
    }
}
