import Postgres

/// Writes the outcomes of attempts, one statement per kind of outcome. Each gives (position, fence) of what it settled; a lease that
/// was lost gives no row and changes nothing.
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
                RETURNING s.id, s.position, s.fence, s.leased_at, s.node, s.attempt
            ), noted AS (
                INSERT INTO queue.history (message, began_at, node, outcome, attempt)
                SELECT id, leased_at, node, 'acknowledged', attempt FROM ended
            )
            SELECT position, fence FROM ended
            """, "queue.acknowledge"
        )
    }

    /// Lets messages wait for their next attempt; their keys wait with them.
    ///
    /// Locked first, because RETURNING gives the new row and the history wants the old lease.
    static func retry(_ columns: LeaseColumns, causes: [Cause], delays: [Duration]) -> (SQL, StaticString) {
        (
            """
            WITH held AS MATERIALIZED (
                SELECT s.queue, s.shelf, s.position, s.fence, s.id, s.leased_at, s.node, s.attempt, l.cause, l.delay
                FROM unnest(
                    \(columns.queues), \(columns.shelves), \(columns.positions), \(columns.fences),
                    \(causes.map(\.code)), \(delays)
                ) AS l(queue, shelf, position, fence, cause, delay)
                JOIN queue.state AS s ON s.queue = l.queue AND s.shelf = l.shelf AND s.position = l.position
                WHERE s.fence = l.fence AND s.lease_until IS NOT NULL
                FOR UPDATE OF s
            ), retried AS (
                UPDATE queue.state AS s
                SET shelf = 3, wait_until = clock_timestamp() + held.delay, lost = 0,
                    node = NULL, leased_at = NULL, lease_until = NULL
                FROM held
                WHERE s.queue = held.queue AND s.shelf = held.shelf AND s.position = held.position
            ), noted AS (
                INSERT INTO queue.history (message, began_at, node, outcome, attempt, cause)
                SELECT id, leased_at, node, 'retried', attempt, cause FROM held
            )
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
                RETURNING s.id, s.position, s.fence, s.queue, s.priority, s.leased_at, s.node, s.attempt, s.lost,
                    l.cause_code, l.cause_text, l.fingerprint
            ), buried AS (
                INSERT INTO queue.dead_letter (id, queue, priority, attempt, lost, cause_code, cause_text, fingerprint)
                SELECT id, queue, priority, attempt, lost, cause_code, cause_text, fingerprint FROM ended
            ), noted AS (
                INSERT INTO queue.history (message, began_at, node, outcome, attempt, cause)
                SELECT id, leased_at, node, 'dead_lettered', attempt, cause_code FROM ended
            )
            SELECT position, fence FROM ended
            """, "queue.dead_letter"
        )
    }

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

    /// The statements for a mixed list, each with the leases it settles.
    static func statements(_ settlements: [Settlement]) -> [(columns: LeaseColumns, statement: (SQL, StaticString))] {
        var acknowledged: [Lease] = []
        var released: [Lease] = []
        var retried: [(lease: Lease, cause: Cause, delay: Duration)] = []
        var dead: [(lease: Lease, cause: Cause)] = []
        // In the order of places, like LeaseColumns, so that causes stand beside their leases.
        for settlement in settlements.sorted(by: { $0.lease.place.position < $1.lease.place.position }) {
            switch settlement.verdict {
            case .acknowledge: acknowledged.append(settlement.lease)
            case .release: released.append(settlement.lease)
            case .retry(let cause, let delay): retried.append((settlement.lease, cause, delay))
            case .deadLetter(let cause): dead.append((settlement.lease, cause))
            }
        }
        var statements: [(columns: LeaseColumns, statement: (SQL, StaticString))] = []
        if !acknowledged.isEmpty {
            let columns = LeaseColumns(acknowledged)
            statements.append((columns, acknowledge(columns)))
        }
        if !retried.isEmpty {
            let columns = LeaseColumns(retried.map(\.lease))
            statements.append((columns, retry(columns, causes: retried.map(\.cause), delays: retried.map(\.delay))))
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
