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
        guard keyed.count <= maximumKeys || Set(keyed.map { [$0.queue, $0.key ?? ""] }).count <= maximumKeys else {
            return self.queues(queues)
        }
        let numbers = QueueNumbers(of: queues)
        return keys(
            queues: "SELECT unnest(ids) FROM \(numbers.lookUp) AS q(ids)",
            hashes: """
                SELECT hashtextextended(m.key, q.ids[m.queue])
                FROM \(numbers.lookUp) AS q(ids)
                CROSS JOIN unnest(\(numbers.indices), \(keyed.map(\.key))) AS m(queue, key)
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
            queues: "SELECT unnest(\(Set(keyed.map(\.queue)).sorted()))",
            hashes: "SELECT unnest(\(keyed.map(\.hash)))")
    }

    /// For messages about to be cancelled.
    static func messages(ids: [Int64]) -> (SQL, StaticString) {
        guard ids.count <= maximumKeys else {
            return wholeQueues("SELECT DISTINCT queue::integer AS id FROM queue.message WHERE id = ANY (\(ids))")
        }
        let keyed: SQL = "queue.message WHERE id = ANY (\(ids)) AND key IS NOT NULL"
        return keys(
            queues: "SELECT DISTINCT queue FROM \(keyed)", hashes: "SELECT hashtextextended(key, queue) FROM \(keyed)")
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

    /// - Parameters:
    ///   - queues: a query of one column, the queues' numbers
    ///   - hashes: a query of one column, the keys' hashes; one that comes twice is locked once
    private static func keys(queues: SQL, hashes: SQL) -> (SQL, StaticString) {
        (
            """
            WITH shared AS MATERIALIZED (
                SELECT count(pg_advisory_xact_lock_shared(\(raw: space), q.id)) AS held
                FROM (SELECT id::integer FROM (\(queues)) AS q(id) ORDER BY id) AS q
            )
            SELECT count(pg_advisory_xact_lock(k.hash))
            FROM (SELECT k.hash FROM shared CROSS JOIN (\(hashes)) AS k(hash) ORDER BY k.hash) AS k
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
