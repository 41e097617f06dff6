import Postgres

/// The locks that make the order within a key: whoever adds a message of a key to `queue.state`, or takes one away,
/// holds the key's lock until after its commit. See the order within a key at ``MessageQueue``.
///
/// Each is a statement of its own, before the one that it guards: a statement sees what was committed when it began,
/// and one that waited for the lock itself would not see what its predecessor did under it.
///
/// Everybody holds a queue's lock shared and the locks of their keys alone; a statement with very many keys holds the
/// queue's lock alone instead. Locks are taken in sorted order, so that two statements cannot deadlock.
enum OrderLock {
    /// Keys that one statement locks one by one at most, so that PostgreSQL's lock table (64 for each connection)
    /// cannot overflow.
    static let maximumKeys = 256

    /// For messages about to be enqueued; `nil` if none has a key.
    static func messages(_ messages: [NewMessage]) -> (SQL, StaticString)? {
        let keyed = messages.filter { $0.key != nil }
        guard !keyed.isEmpty else { return nil }
        if keyed.count == 1, let key = keyed[0].key { return self.key(key, of: keyed[0].queue) }
        let queues = keyed.map(\.queue)
        guard Set(keyed.map { [$0.queue, $0.key ?? ""] }).count <= maximumKeys else { return self.queues(queues) }
        return keys(
            """
            SELECT DISTINCT q.id::integer AS queue, hashtextextended(m.key, q.id) AS key_hash
            FROM unnest(\(queues), \(keyed.map(\.key))) AS m(queue, key)
            JOIN queue.queue AS q ON q.name = m.queue
            """)
    }

    /// For leased messages about to be taken away; `nil` if none has a key.
    static func leases(_ leases: some Sequence<Lease>) -> (SQL, StaticString)? {
        let keyed = leases.compactMap { lease in lease.place.keyHash.map { (queue: lease.place.queue, hash: $0) } }
        guard !keyed.isEmpty else { return nil }
        guard keyed.count <= maximumKeys else {
            return wholeQueues("SELECT DISTINCT id::integer FROM unnest(\(keyed.map(\.queue))) AS l(id)")
        }
        return keys(
            """
            SELECT DISTINCT queue::integer AS queue, key_hash
            FROM unnest(\(keyed.map(\.queue)), \(keyed.map(\.hash))) AS l(queue, key_hash)
            """)
    }

    /// For messages about to be cancelled.
    static func messages(ids: [Int64]) -> (SQL, StaticString) {
        guard ids.count <= maximumKeys else {
            return wholeQueues("SELECT DISTINCT queue::integer AS id FROM queue.message WHERE id = ANY (\(ids))")
        }
        return keys(
            """
            SELECT DISTINCT queue::integer AS queue, hashtextextended(key, queue) AS key_hash
            FROM queue.message
            WHERE id = ANY (\(ids)) AND key IS NOT NULL
            """)
    }

    /// For everything in these queues.
    static func queues(_ names: [String]) -> (SQL, StaticString) {
        wholeQueues("SELECT id::integer FROM queue.queue WHERE name = ANY (\(names))")
    }

    /// One key's, without the machinery that keeps several in order.
    private static func key(_ key: String, of queue: String) -> (SQL, StaticString) {
        (
            """
            SELECT pg_advisory_xact_lock_shared(\(raw: space), q.id),
                pg_advisory_xact_lock(hashtextextended(\(key), q.id))
            FROM queue.queue AS q
            WHERE q.name = \(queue)
            """, "queue.lock_one"
        )
    }

    private static func keys(_ keys: SQL) -> (SQL, StaticString) {
        (
            """
            WITH keyed AS MATERIALIZED (
                \(keys)
            ), shared AS MATERIALIZED (
                SELECT count(pg_advisory_xact_lock_shared(\(raw: space), q.queue)) AS held
                FROM (SELECT DISTINCT queue FROM keyed ORDER BY queue) AS q
            )
            SELECT count(pg_advisory_xact_lock(k.key_hash))
            FROM (SELECT key_hash FROM keyed CROSS JOIN shared ORDER BY key_hash) AS k
            """, "queue.lock"
        )
    }

    private static func wholeQueues(_ queues: SQL) -> (SQL, StaticString) {
        (
            """
            SELECT count(pg_advisory_xact_lock(\(raw: space), q.id))
            FROM (SELECT id FROM (\(queues)) AS q ORDER BY id) AS q
            """, "queue.lock"
        )
    }

    /// Sets the queues' locks apart from other advisory locks of two numbers: the letters QUEU.
    private static let space: StaticString = "1364542805"
}
