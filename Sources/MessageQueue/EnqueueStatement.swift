import Postgres

/// The numbers of queues, looked up by the statement that needs them: once per queue, not once per message.
struct QueueNumbers {
    private let names: [String]
    /// For each message, where its queue's number stands in what is looked up, from 1.
    let indices: [Int32]

    init(of queues: [String]) {
        names = Set(queues).sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(names, Int32(1)...))
        indices = queues.map { places[$0] ?? 0 }
    }

    /// A table of one row with one array, in which a queue that does not exist is null.
    var lookUp: SQL {
        """
        (
            SELECT array_agg(known.id ORDER BY named.n)
            FROM unnest(\(names)) WITH ORDINALITY AS named(name, n)
            LEFT JOIN queue.queue AS known ON known.name = named.name
        )
        """
    }
}

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

    /// Makes rows for queues that have none. The anti-join spares the identity's numbers: ON CONFLICT alone draws one
    /// each time.
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

    /// The statement that enqueues these messages, whose queues exist; ``OrderLock/messages(_:)`` goes before it.
    static func insert(_ messages: [NewMessage]) -> (SQL, StaticString) {
        messages.count == 1 ? insert(messages[0]) : insert(all: messages)
    }

    /// One message: what a lone caller waits for, so without the machinery of lists, which takes longer than the rows.
    private static func insert(_ message: NewMessage) -> (SQL, StaticString) {
        (
            """
            WITH stored AS (
                INSERT INTO queue.message (era, queue, key, priority, not_before, correlation, content_type, payload)
                SELECT (\(currentEra)), q.id, \(message.key as String?), \(message.priority.rawValue),
                    \(message.notBefore as Timestamp?), \(message.correlation as UUIDValue?),
                    \(message.contentType as String?), \(message.payload)
                FROM queue.queue AS q
                WHERE q.name = \(message.queue)
                RETURNING id, era, queue, priority, hashtextextended(key, queue) AS key_hash, not_before
            )
            INSERT INTO queue.state (position, id, era, queue, key_hash, priority, shelf, wait_until)
            SELECT
                id, id, era, queue, key_hash, priority,
                CASE
                    WHEN key_hash IS NOT NULL AND (\(hasOlder("stored"))) THEN 5
                    WHEN not_before > now() THEN 3
                    ELSE priority
                END,
                CASE WHEN not_before > now() THEN not_before END
            FROM stored
            RETURNING id
            """, "queue.enqueue_one"
        )
    }

    /// Ids are drawn when rows leave the first insert, in the order of `n`. A message stands behind if its key has a
    /// live one, be it earlier in this list.
    private static func insert(all messages: [NewMessage]) -> (SQL, StaticString) {
        let queues = QueueNumbers(of: messages.map(\.queue))
        return (
            """
            WITH stored AS (
                INSERT INTO queue.message (era, queue, key, priority, not_before, correlation, content_type, payload)
                SELECT (\(currentEra)), q.ids[m.queue], m.key, m.priority, m.not_before, m.correlation, m.content_type,
                    m.payload
                FROM \(queues.lookUp) AS q(ids)
                CROSS JOIN unnest(
                    \(queues.indices), \(messages.map(\.key)), \(messages.map(\.priority.rawValue)),
                    \(messages.map(\.notBefore)), \(messages.map(\.correlation)), \(messages.map(\.contentType)),
                    \(messages.map(\.payload))
                ) WITH ORDINALITY AS m(queue, key, priority, not_before, correlation, content_type, payload, n)
                WHERE q.ids[m.queue] IS NOT NULL
                ORDER BY m.n
                RETURNING id, era, queue, priority, hashtextextended(key, queue) AS key_hash, not_before
            ), ranked AS (
                SELECT *, row_number() OVER (PARTITION BY key_hash ORDER BY id) AS rank FROM stored
            )
            INSERT INTO queue.state (position, id, era, queue, key_hash, priority, shelf, wait_until)
            SELECT
                id, id, era, queue, key_hash, priority,
                CASE
                    WHEN key_hash IS NOT NULL AND (rank > 1 OR (\(hasOlder("ranked")))) THEN 5
                    WHEN not_before > now() THEN 3
                    ELSE priority
                END,
                CASE WHEN not_before > now() THEN not_before END
            FROM ranked
            RETURNING id
            """, "queue.enqueue"
        )
    }

    /// The era that is written to; looked up once per statement.
    static let currentEra: SQL =
        """
        SELECT number FROM queue.era WHERE opened_at <= statement_timestamp() ORDER BY number DESC LIMIT 1
        """

    /// Whether the key of a row of `source` has a live message. The youngest is looked for, because old rows of the key
    /// may be long dead and not yet vacuumed.
    private static func hasOlder(_ source: SQL) -> SQL {
        """
        SELECT true
        FROM queue.state AS older
        WHERE older.key_hash = \(source).key_hash
        ORDER BY older.position DESC
        LIMIT 1
        """
    }

    /// Enqueues the messages in a transaction of their own, if `connection` is in none, and returns their ids in the
    /// same order.
    static func run(_ messages: [NewMessage], on connection: Connection) throws -> [MessageID] {
        let statements = [OrderLock.messages(messages), insert(messages)].compactMap { $0 }
        return try ids(of: messages, from: PlannerSettings.run(statements, alone: connection))
    }

    /// Enqueues the messages in the caller's transaction and returns their ids in the same order.
    static func run(_ messages: [NewMessage], in connection: Connection) throws -> [MessageID] {
        let statements = [OrderLock.messages(messages), insert(messages)].compactMap { $0 }
        return try ids(of: messages, from: PlannerSettings.run(statements, in: connection))
    }

    private static func ids(of messages: [NewMessage], from results: [QueryResult]) throws -> [MessageID] {
        let ids = try results[results.count - 1].map { MessageID(rawValue: try $0.decode(Int64.self)) }
        // The hub deletes no queue; a database put back to an earlier state has.
        guard ids.count == messages.count else {
            throw QueueError.unknownQueue(Set(messages.map(\.queue)).sorted().joined(separator: ", "))
        }
        // Ids were drawn in the order of the messages; the rows of a RETURNING promise none.
        return ids.sorted()
    }
}
