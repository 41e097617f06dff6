import Postgres

/// Takes leases on the messages at the front of a queue: the statements of a claim.
enum ClaimStatement {
    /// Brings waiting messages that are due back to their shelves. Gives a row per message brought back.
    static func promote(queue: String) -> (SQL, StaticString) {
        (
            """
            WITH due AS MATERIALIZED (
                SELECT queue, shelf, position
                FROM queue.state
                WHERE queue = (SELECT id FROM queue.queue WHERE name = \(queue))
                  AND shelf = 3
                  AND wait_until <= now()
                ORDER BY wait_until
                LIMIT 1000
                FOR UPDATE SKIP LOCKED
            )
            UPDATE queue.state AS s
            SET shelf = s.priority, wait_until = NULL
            FROM due
            WHERE s.queue = due.queue AND s.shelf = due.shelf AND s.position = due.position
            RETURNING s.shelf, s.position
            """, "queue.promote"
        )
    }

    /// Claims, in one statement.
    ///
    /// - `candidate` walks the arms in their order, which a lateral join keeps, and stops at the limit. A row qualifies
    ///   if nobody holds it: on these shelves stand only the oldest of their keys. Rows that another claim has locked
    ///   are skipped, not waited for.
    /// - A candidate whose lease ran out was lost: it becomes a suspect, to be claimed by a later claim.
    /// - The others are leased: attempt counted, fence raised, all in place (HOT). One that was lost too often or is past
    ///   its deadline is leased to be dead-lettered, which is no attempt.
    static func claim(
        queue: String, arms: [ClaimPlan.Arm], limit: Int, lease: Duration, node: Int32, policy: QueuePolicy
    ) -> (SQL, StaticString) {
        (
            """
            WITH candidate AS MATERIALIZED (
                SELECT c.queue, c.shelf, c.position, c.is_lost, c.leased_at, c.node
                FROM unnest(
                    \(arms.map(\.shelf.rawValue)), \(arms.map(\.most)), \(arms.map(\.floor))
                ) AS arm(shelf, most, floor)
                CROSS JOIN LATERAL (
                    SELECT s.queue, s.shelf, s.position, s.lease_until IS NOT NULL AS is_lost, s.leased_at, s.node
                    FROM queue.state AS s
                    WHERE s.queue = (SELECT id FROM queue.queue WHERE name = \(queue) AND \(isOpen))
                      AND s.shelf = arm.shelf
                      AND s.position >= arm.floor
                      AND (s.lease_until IS NULL OR s.lease_until <= now())
                    ORDER BY s.position
                    LIMIT arm.most
                    FOR UPDATE OF s SKIP LOCKED
                ) AS c
                LIMIT \(limit)
            ), claimed AS (
                UPDATE queue.state AS s
                SET attempt = s.attempt + CASE WHEN s.lost >= \(policy.maximumLost) OR \(isOver(policy)) THEN 0 ELSE 1 END,
                    fence = s.fence + 1, node = \(node), leased_at = now(), lease_until = now() + \(lease)
                FROM candidate AS c
                WHERE NOT c.is_lost AND s.queue = c.queue AND s.shelf = c.shelf AND s.position = c.position
                RETURNING s.id, s.era, s.position, s.queue, s.shelf, s.key_hash, s.attempt, s.fence, s.lease_until,
                    s.lost, s.priority, \(isOver(policy)) AS is_over
            ), suspected AS (
                UPDATE queue.state AS s
                SET shelf = 4, lost = s.lost + 1, node = NULL, leased_at = NULL, lease_until = NULL
                FROM candidate AS c
                WHERE c.is_lost AND s.queue = c.queue AND s.shelf = c.shelf AND s.position = c.position
                RETURNING s.id, s.queue, s.attempt, c.leased_at, c.node
            ), \(HistoryStatement.noted(.lost, of: "suspected"))
            SELECT c.id, c.position, c.queue, c.shelf, c.key_hash, c.attempt, c.fence, c.lease_until, c.lost, c.priority,
                m.key, m.payload, m.content_type, m.correlation, m.enqueued_at,
                c.is_over
            FROM claimed AS c
            LEFT JOIN queue.message AS m ON m.era = c.era AND m.id = c.id
            """, "queue.claim"
        )
    }

    /// Whether a row of `queue.queue` lets its messages be claimed.
    static let isOpen: SQL = "(paused_at IS NULL OR coalesce(paused_until <= now(), false))"

    /// Whether a row `s` of `queue.state` is past the policy's deadline.
    static func isOver(_ policy: QueuePolicy) -> SQL {
        "coalesce(s.entered_at <= now() - \(policy.deadline as Duration?), false)"
    }

    /// What a claim took.
    struct Taken: Sendable {
        var lease: Lease
        /// Whether the message is past its deadline.
        let isOver: Bool
        /// Whether its document was carried over into another era while the claim looked for it; the lease must then be
        /// given back.
        let isCarriedOver: Bool
    }

    /// What a claim's rows say, in the order of its arms and then of their places.
    static func taken(_ result: QueryResult, queue: String, arms: [ClaimPlan.Arm]) throws -> [Taken] {
        let taken = try result.map { row in
            let (
                id, position, queueNumber, shelf, keyHash, attempt, fence, expiresAt, lost, priority, key, payload,
                contentType, correlation, enqueuedAt, isOver
            ) = try row.decode(
                Int64.self, Int64.self, Int16.self, Int16.self, Int64?.self, Int.self, Int.self, Timestamp.self,
                Int.self, Int16.self, String?.self, [UInt8]?.self, String?.self, UUIDValue?.self, Timestamp?.self,
                Bool.self)
            let lease = Lease(
                messageID: MessageID(rawValue: id), queue: queue, key: key, payload: payload ?? [],
                contentType: contentType,
                attempt: attempt, fence: fence, expiresAt: expiresAt, correlation: correlation,
                enqueuedAt: enqueuedAt ?? expiresAt,
                priority: Priority(rawValue: priority) ?? .routine, lost: lost,
                place: Place(queue: queueNumber, shelf: shelf, position: position, keyHash: keyHash))
            return Taken(lease: lease, isOver: isOver, isCarriedOver: payload == nil)
        }
        let rank = Dictionary(uniqueKeysWithValues: arms.enumerated().map { ($0.element.shelf.rawValue, $0.offset) })
        return taken.sorted {
            let (left, right) = ($0.lease.place, $1.lease.place)
            return (rank[left.shelf] ?? 0, left.position) < (rank[right.shelf] ?? 0, right.position)
        }
    }

    /// The lowest live place of each shelf of ready messages, and of those behind.
    static func survey(_ survey: ClaimPlan.Survey, queue: String) -> (SQL, StaticString) {
        let shelves: [Shelf] = [.emergency, .urgent, .routine, .behind]
        return (
            """
            SELECT arm.shelf, lowest.position
            FROM unnest(\(shelves.map(\.rawValue)), \(shelves.map { survey.starts[$0] ?? 0 })) AS arm(shelf, start)
            CROSS JOIN LATERAL (
                SELECT s.position
                FROM queue.state AS s
                WHERE s.queue = (SELECT id FROM queue.queue WHERE name = \(queue)) AND s.shelf = arm.shelf
                  AND s.position >= arm.start
                ORDER BY s.position
                LIMIT 1
            ) AS lowest
            """, "queue.survey"
        )
    }

    /// Reads places: those that ``survey(_:queue:)`` found, or those that ``promote(queue:)`` brought back.
    static func places(_ result: QueryResult) throws -> [(shelf: Shelf, position: Int64)] {
        try result.compactMap { row in
            let (shelf, position) = try row.decode(Int16.self, Int64.self)
            return Shelf(rawValue: shelf).map { ($0, position) }
        }
    }

    /// Moves the end of the leases that are still held, and gives (position, fence) of each of those.
    ///
    /// A row that somebody has locked is being settled: it is left alone, and still counts as held.
    static func renew(_ columns: LeaseColumns, lease: Duration) -> (SQL, StaticString) {
        (
            """
            WITH held AS MATERIALIZED (
                SELECT s.queue, s.shelf, s.position
                FROM \(columns.unnest) AS l(queue, shelf, position, fence)
                JOIN queue.state AS s ON s.queue = l.queue AND s.shelf = l.shelf AND s.position = l.position
                WHERE s.fence = l.fence AND s.lease_until IS NOT NULL
                FOR UPDATE OF s SKIP LOCKED
            ), renewed AS (
                UPDATE queue.state AS s
                SET lease_until = now() + \(lease)
                FROM held
                WHERE s.queue = held.queue AND s.shelf = held.shelf AND s.position = held.position
            )
            SELECT s.position, s.fence
            FROM \(columns.unnest) AS l(queue, shelf, position, fence)
            JOIN queue.state AS s ON s.queue = l.queue AND s.shelf = l.shelf AND s.position = l.position
            WHERE s.fence = l.fence AND s.lease_until IS NOT NULL
            """, "queue.renew"
        )
    }
}
