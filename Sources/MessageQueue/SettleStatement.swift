import Postgres

/// Writes the outcomes of attempts, one statement per kind of outcome. Each gives (position, fence) of what it settled;
/// a lease that was lost gives no row and changes nothing. Where a message is taken away, the next of its key advances;
/// ``OrderLock/leases(_:)`` goes before.
enum SettleStatement {
    /// Ends the lives of acknowledged messages.
    static func acknowledge(_ columns: LeaseColumns) -> (SQL, StaticString) {
        (
            """
            WITH ended AS (
                DELETE FROM queue.state AS s
                USING \(columns.unnest) AS l(queue, shelf, position, fence)
                WHERE s.queue = l.queue AND s.shelf = l.shelf AND s.position = l.position
                  AND s.fence = l.fence AND s.lease_until IS NOT NULL
                RETURNING s.id, s.position, s.fence, s.key_hash, s.queue, s.leased_at, s.node, s.attempt
            ), \(HistoryStatement.noted(.acknowledged, of: "ended")), \(advanced)
            SELECT position, fence FROM ended
            """, "queue.acknowledge"
        )
    }

    /// Lets messages wait for their next attempt; their keys wait with them.
    ///
    /// Locked first, because RETURNING gives the new row and the history wants the old lease.
    ///
    /// - Parameter counted: which of the attempts count; one that only probed an open circuit does not
    static func retry(
        _ columns: LeaseColumns, causes: [Cause], delays: [Duration], counted: [Bool]
    ) -> (SQL, StaticString) {
        (
            """
            WITH held AS MATERIALIZED (
                SELECT s.queue, s.shelf, s.position, s.fence, s.id, s.leased_at, s.node, s.attempt, l.cause, l.delay,
                    CASE WHEN l.counted THEN s.attempt ELSE s.attempt - 1 END AS attempts
                FROM unnest(
                    \(columns.queues), \(columns.shelves), \(columns.positions), \(columns.fences),
                    \(causes.map(\.code)), \(delays), \(counted)
                ) AS l(queue, shelf, position, fence, cause, delay, counted)
                JOIN queue.state AS s ON s.queue = l.queue AND s.shelf = l.shelf AND s.position = l.position
                WHERE s.fence = l.fence AND s.lease_until IS NOT NULL
                FOR UPDATE OF s
            ), retried AS (
                UPDATE queue.state AS s
                SET shelf = 3, wait_until = clock_timestamp() + held.delay, lost = 0,
                    attempt = held.attempts, node = NULL, leased_at = NULL, lease_until = NULL
                FROM held
                WHERE s.queue = held.queue AND s.shelf = held.shelf AND s.position = held.position
            ), \(HistoryStatement.noted(.retried, of: "held", cause: "cause"))
            SELECT position, fence FROM held
            """, "queue.retry"
        )
    }

    /// Sets messages aside.
    static func deadLetter(_ columns: LeaseColumns, causes: [Cause]) -> (SQL, StaticString) {
        (
            """
            WITH ended AS (
                DELETE FROM queue.state AS s
                USING unnest(
                    \(columns.queues), \(columns.shelves), \(columns.positions), \(columns.fences),
                    \(causes.map(\.code)), \(causes.map(\.text)), \(causes.map(\.fingerprint))
                ) AS l(queue, shelf, position, fence, cause_code, cause_text, fingerprint)
                WHERE s.queue = l.queue AND s.shelf = l.shelf AND s.position = l.position
                  AND s.fence = l.fence AND s.lease_until IS NOT NULL
                RETURNING s.id, s.position, s.fence, s.key_hash, s.era, s.queue, s.priority, s.leased_at, s.node, s.attempt,
                    s.lost, l.cause_code, l.cause_text, l.fingerprint
            ), buried AS (
                INSERT INTO queue.dead_letter
                    (id, era, queue, priority, attempt, lost, cause_code, cause_text, fingerprint)
                SELECT id, era, queue, priority, attempt, lost, cause_code, cause_text, fingerprint FROM ended
            ), \(HistoryStatement.noted(.deadLettered, of: "ended", cause: "cause_code")), \(advanced)
            SELECT position, fence FROM ended
            """, "queue.dead_letter"
        )
    }

    /// CTEs that bring the next messages of the keys in `ended` to the shelves where they are claimed. A leased message
    /// was the oldest of its key, so what follows it is the oldest now; what is long dead before it is not walked over.
    static let advanced: SQL =
        """
        next AS MATERIALIZED (
            SELECT n.queue, n.position
            FROM ended AS e
            CROSS JOIN LATERAL (
                SELECT s.queue, s.shelf, s.position
                FROM queue.state AS s
                WHERE s.key_hash = e.key_hash AND s.position > e.position
                ORDER BY s.position
                LIMIT 1
            ) AS n
            WHERE n.shelf = 5
        ), advanced AS (
            \(advance)
        )
        """

    /// Brings the messages of a CTE `next` from behind to where they are claimed, or wait.
    static let advance: SQL =
        """
        UPDATE queue.state AS s
        SET shelf = CASE WHEN s.wait_until > now() THEN 3 ELSE s.priority END,
            wait_until = CASE WHEN s.wait_until > now() THEN s.wait_until END
        FROM next
        WHERE s.queue = next.queue AND s.shelf = 5 AND s.position = next.position
        """

    /// Gives messages back that reached no handler: the attempt does not count, the fence stays risen.
    static func release(_ columns: LeaseColumns) -> (SQL, StaticString) {
        (
            """
            UPDATE queue.state AS s
            SET attempt = s.attempt - 1, node = NULL, leased_at = NULL, lease_until = NULL
            FROM \(columns.unnest) AS l(queue, shelf, position, fence)
            WHERE s.queue = l.queue AND s.shelf = l.shelf AND s.position = l.position
              AND s.fence = l.fence AND s.lease_until IS NOT NULL
            RETURNING s.position, s.fence
            """, "queue.release"
        )
    }

    /// The statements for a mixed list, each with the leases it settles; the lock, which comes first, settles none.
    static func statements(_ settlements: [Settlement]) -> [(columns: LeaseColumns, statement: (SQL, StaticString))] {
        var acknowledged: [Lease] = []
        var released: [Lease] = []
        var retried: [(lease: Lease, cause: Cause, delay: Duration, isCounted: Bool)] = []
        var dead: [(lease: Lease, cause: Cause)] = []
        // In the order of places, like LeaseColumns, so that causes stand beside their leases.
        for settlement in settlements.sorted(by: { $0.lease.place.position < $1.lease.place.position }) {
            switch settlement.verdict {
            case .acknowledge: acknowledged.append(settlement.lease)
            case .release: released.append(settlement.lease)
            case .retry(let cause, let delay, let isCounted):
                retried.append((settlement.lease, cause, delay, isCounted))
            case .deadLetter(let cause): dead.append((settlement.lease, cause))
            }
        }
        var statements: [(columns: LeaseColumns, statement: (SQL, StaticString))] = []
        if let lock = OrderLock.leases(acknowledged + dead.map(\.lease)) { statements.append((LeaseColumns([]), lock)) }
        if !acknowledged.isEmpty {
            let columns = LeaseColumns(acknowledged)
            statements.append((columns, acknowledge(columns)))
        }
        if !retried.isEmpty {
            let columns = LeaseColumns(retried.map(\.lease))
            let statement = retry(
                columns, causes: retried.map(\.cause), delays: retried.map(\.delay), counted: retried.map(\.isCounted))
            statements.append((columns, statement))
        }
        if !dead.isEmpty {
            let columns = LeaseColumns(dead.map(\.lease))
            statements.append((columns, deadLetter(columns, causes: dead.map(\.cause))))
        }
        if !released.isEmpty {
            let columns = LeaseColumns(released)
            statements.append((columns, release(columns)))
        }
        return statements
    }
}
