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
    /// When the pause ends by itself.
    package let pausedUntil: Timestamp?
    /// Where its circuit stands; closed where it has no breaker.
    package let circuit: Circuit
    /// When an open circuit is probed next.
    package let probesAt: Timestamp?
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
                    min(entered_at) FILTER (WHERE wait_until IS NULL AND (lease_until IS NULL OR lease_until <= now())) AS oldest
                FROM queue.state
                GROUP BY queue
            ), dead AS (
                SELECT queue, count(*) AS dead FROM queue.dead_letter GROUP BY queue
            )
            SELECT n.name, coalesce(live.ready, 0), coalesce(live.delayed, 0), coalesce(live.leased, 0),
                coalesce(live.suspect, 0), coalesce(dead.dead, 0), now() - live.oldest,
                q.paused_at, q.pause_reason, q.paused_until, coalesce(gate.circuit::text, 'closed'), gate.turns_at
            FROM queue.queue AS n
            LEFT JOIN queue.queue AS q
                ON q.id = n.id AND q.paused_at IS NOT NULL AND NOT coalesce(q.paused_until <= now(), false)
            LEFT JOIN live ON live.queue = n.id
            LEFT JOIN dead ON dead.queue = n.id
            LEFT JOIN LATERAL (
                SELECT circuit, turns_at FROM queue.gate WHERE queue = n.id ORDER BY revision DESC LIMIT 1
            ) AS gate ON true
            ORDER BY n.name
            """, name: "queue.statistics")
        return try rows.map { row in
            let (
                queue, ready, delayed, leased, suspect, dead, age, pausedAt, reason, pausedUntil, circuit, probesAt
            ) = try row.decode(
                String.self, Int.self, Int.self, Int.self, Int.self, Int.self, Duration?.self, Timestamp?.self,
                String?.self, Timestamp?.self, String.self, Timestamp?.self)
            return QueueStatistics(
                queue: queue, ready: ready, delayed: delayed, leased: leased, suspect: suspect, dead: dead,
                oldestReadyAge: age, pausedAt: pausedAt, pauseReason: reason,
                pausedUntil: pausedUntil, circuit: Circuit(rawValue: circuit) ?? .closed, probesAt: probesAt)
        }
    }
}
