import Postgres

/// Appends messages and their state rows, in one statement.
enum EnqueueStatement {
    /// Messages of one statement at most.
    static let maximumMessages = 1_000
    /// Payload bytes of one statement at most, unless a single message has more.
    static let maximumBytes = 4 << 20

    /// Cuts a long list so that no statement outgrows the bounds above.
    static func chunks(_ messages: [NewMessage]) -> [[NewMessage]] {
        var chunks: [[NewMessage]] = []
        var bytes = 0
        for message in messages {
            bytes += message.payload.count
            if let last = chunks.last, last.count < maximumMessages, bytes <= maximumBytes {
                chunks[chunks.count - 1].append(message)
            } else {
                chunks.append([message])
                bytes = message.payload.count
            }
        }
        return chunks
    }

    /// Makes rows for queues that have none. The anti-join spares the identity's numbers: ON CONFLICT alone draws one each time.
    static func declare(_ queues: Set<String>, on connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO queue.queue (name)
            SELECT new.name
            FROM unnest(\(queues.sorted())) AS new(name)
            WHERE NOT EXISTS (SELECT FROM queue.queue AS known WHERE known.name = new.name)
            ON CONFLICT (name) DO NOTHING
            """, name: "queue.declare")
    }

    /// Enqueues the messages, whose queues exist, and returns their ids in the same order.
    ///
    /// The gate goes first: the join with it cannot give a row before all locks are held, and ids are drawn when rows leave the
    /// join, in the order of `n`. Payloads stay out of the CTEs that are read twice, which would copy them.
    static func run(_ messages: [NewMessage], on connection: Connection) throws -> [MessageID] {
        let keys = Set(messages.compactMap { message in message.key.map { [message.queue, $0] } })
        let sql: SQL =
            """
            WITH \(gate(messages, keyCount: keys.count)), stored AS (
                INSERT INTO queue.message (queue, key, priority, not_before, correlation, content_type, payload)
                SELECT q.id, m.key, m.priority, m.not_before, m.correlation, m.content_type, m.payload
                FROM unnest(
                    \(messages.map(\.queue)), \(messages.map(\.key)), \(messages.map(\.priority.rawValue)),
                    \(messages.map(\.notBefore)), \(messages.map(\.correlation)), \(messages.map(\.contentType)),
                    \(messages.map(\.payload))
                ) WITH ORDINALITY AS m(queue, key, priority, not_before, correlation, content_type, payload, n)
                JOIN queue.queue AS q ON q.name = m.queue
                CROSS JOIN gate
                ORDER BY m.n
                RETURNING id, queue, key, priority, not_before
            )
            INSERT INTO queue.state (position, id, queue, key_hash, priority, shelf, wait_until)
            SELECT
                id, id, queue, hashtextextended(key, queue), priority,
                CASE WHEN not_before > now() THEN 3 ELSE priority END,
                CASE WHEN not_before > now() THEN not_before END
            FROM stored
            RETURNING id
            """
        let ids = try connection.query(sql, name: "queue.enqueue").map { MessageID(rawValue: try $0.decode(Int64.self)) }
        guard ids.count == messages.count else {
            // A queue's row vanished, which no statement of the hub does; the transaction must not commit a part.
            throw QueueError.unknownQueue(messages.map(\.queue).joined(separator: ", "))
        }
        // Ids were drawn in the order of the messages; the rows of a RETURNING promise none.
        return ids.sorted()
    }

    /// A CTE `gate` of one row, which holds the order locks of the messages' keys when it is read; without keys, none.
    ///
    /// Everybody holds a queue's lock shared and their keys' locks alone; a call with very many keys holds the queue's lock alone.
    /// Locks are taken in sorted order, so that two statements cannot deadlock.
    private static func gate(_ messages: [NewMessage], keyCount: Int) -> SQL {
        guard keyCount > 0 else { return "gate AS (SELECT 0)" }
        let keyed = messages.filter { $0.key != nil }
        let (queues, keys) = (keyed.map(\.queue), keyed.map(\.key))
        if keyCount > MessageQueue.maximumKeyLocks { return gate(queues: queues) }
        return """
            keyed AS MATERIALIZED (
                SELECT DISTINCT q.id AS queue, hashtextextended(m.key, q.id) AS key_hash
                FROM unnest(\(queues), \(keys)) AS m(queue, key)
                JOIN queue.queue AS q ON q.name = m.queue
            ), queue_gate AS MATERIALIZED (
                SELECT count(pg_advisory_xact_lock_shared(\(raw: orderLockClass), k.queue)) AS held
                FROM (SELECT DISTINCT queue FROM keyed ORDER BY queue) AS k
            ), gate AS MATERIALIZED (
                SELECT count(pg_advisory_xact_lock(k.key_hash)) AS held
                FROM (SELECT key_hash FROM keyed CROSS JOIN queue_gate ORDER BY key_hash) AS k
            )
            """
    }

    /// A CTE `gate` of one row, which holds the order locks of whole queues when it is read.
    static func gate(queues: [String]) -> SQL {
        """
        gate AS MATERIALIZED (
            SELECT count(pg_advisory_xact_lock(\(raw: orderLockClass), k.id)) AS held
            FROM (SELECT DISTINCT id::integer FROM queue.queue WHERE name = ANY (\(queues)) ORDER BY id) AS k
        )
        """
    }

    /// Sets the queues' order locks apart from other advisory locks of two numbers: the letters QUEU.
    private static let orderLockClass: StaticString = "1364542805"
}
