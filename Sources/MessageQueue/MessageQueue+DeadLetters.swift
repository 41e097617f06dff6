package import Postgres

extension MessageQueue {
    /// The dead letters of a selection, the oldest first: also what ``replay(_:)`` of the same selection would bring
    /// back.
    package func deadLetters(_ selection: DeadLetterSelection) async throws -> [DeadLetter] {
        let rows = try await database.query(
            """
            WITH \(selection.chosen)
            SELECT d.id, q.name, m.key, m.correlation, m.enqueued_at, d.died_at, d.attempt, d.lost, d.cause_code,
                d.cause_text
            FROM chosen
            JOIN queue.dead_letter AS d USING (id)
            JOIN queue.queue AS q ON q.id = d.queue
            JOIN queue.message AS m ON m.era = d.era AND m.id = d.id
            ORDER BY d.id
            """, name: "queue.dead_letters")
        return try rows.map { row in
            let (id, queue, key, correlation, enqueuedAt, diedAt, attempts, lost, code, text) = try row.decode(
                Int64.self, String.self, String?.self, UUIDValue?.self, Timestamp.self, Timestamp.self, Int.self,
                Int.self,
                String.self, String.self)
            return DeadLetter(
                messageID: MessageID(rawValue: id), queue: queue, key: key, correlation: correlation,
                enqueuedAt: enqueuedAt,
                diedAt: diedAt, attempts: attempts, lost: lost, cause: Cause(code: code, text: text))
        }
    }

    /// The dead letters counted by queue and cause, the most frequent first.
    package func deadLetterGroups() async throws -> [DeadLetterGroup] {
        let rows = try await database.query(
            """
            SELECT q.name, d.fingerprint, (array_agg(d.cause_code ORDER BY d.died_at DESC))[1],
                (array_agg(d.cause_text ORDER BY d.died_at DESC))[1], count(*), min(d.died_at), max(d.died_at)
            FROM queue.dead_letter AS d
            JOIN queue.queue AS q ON q.id = d.queue
            GROUP BY q.name, d.fingerprint
            ORDER BY count(*) DESC, q.name
            """, name: "queue.dead_letter_groups")
        return try rows.map { row in
            let (queue, fingerprint, code, text, count, firstDied, lastDied) = try row.decode(
                String.self, Int64.self, String.self, String.self, Int.self, Timestamp.self, Timestamp.self)
            return DeadLetterGroup(
                queue: queue, fingerprint: fingerprint, cause: Cause(code: code, text: text), count: count,
                firstDied: firstDied, lastDied: lastDied)
        }
    }

    /// Brings dead letters back to their queues with all their attempts before them, and returns how many.
    ///
    /// A replayed message keeps its id and takes a new place, behind the live messages of its key: those that were
    /// enqueued after it may have been delivered long since.
    ///
    /// - Parameter body: what must commit together with it; runs first, in the same transaction
    @discardableResult
    package func replay(
        _ selection: DeadLetterSelection, beside body: @escaping @Sendable (Connection) throws -> Void = { _ in }
    ) async throws -> Int {
        let queues = try await database.transaction { connection in
            try body(connection)
            let names = try connection.query(
                """
                WITH \(selection.chosen)
                SELECT DISTINCT q.name
                FROM chosen
                JOIN queue.dead_letter AS d USING (id)
                JOIN queue.queue AS q ON q.id = d.queue
                """, name: "queue.replay.queues"
            ).map { try $0.decode(String.self) }
            return try PlannerSettings.run(
                [OrderLock.queues(names), Self.raise(selection, queues: names)], in: connection
            )[1].decode(String.self, Int.self)
        }
        for (queue, _) in queues { wake(queue) }
        return queues.reduce(0) { $0 + $1.1 }
    }

    private static func raise(_ selection: DeadLetterSelection, queues: [String]) -> (SQL, StaticString) {
        (
            """
            WITH \(selection.chosen), raised AS (
                DELETE FROM queue.dead_letter AS d
                USING chosen, queue.queue AS q
                WHERE d.id = chosen.id AND q.id = d.queue AND q.name = ANY (\(queues))
                RETURNING d.id, d.era, d.queue, d.priority, q.name
            ), ranked AS (
                SELECT r.id, r.era, r.queue, r.priority, hashtextextended(m.key, r.queue) AS key_hash,
                    row_number() OVER (PARTITION BY r.queue, m.key ORDER BY r.id) AS rank
                FROM raised AS r
                JOIN queue.message AS m ON m.era = r.era AND m.id = r.id
            ), placed AS (
                INSERT INTO queue.state (position, id, era, queue, key_hash, priority, shelf)
                SELECT nextval('queue.position'), o.id, o.era, o.queue, o.key_hash, o.priority,
                    CASE
                        WHEN o.key_hash IS NOT NULL AND (o.rank > 1 OR (
                            SELECT true
                            FROM queue.state AS s
                            WHERE s.key_hash = o.key_hash
                            ORDER BY s.position DESC
                            LIMIT 1
                        )) THEN 5
                        ELSE o.priority
                    END
                FROM (SELECT * FROM ranked ORDER BY id) AS o
            ), returned AS (
                SELECT id, queue, NULL::timestamptz AS leased_at, NULL::integer AS node, 0::smallint AS attempt FROM raised
            ), \(HistoryStatement.noted(.replayed, of: "returned"))
            SELECT name, count(*) FROM raised GROUP BY name
            """, "queue.replay"
        )
    }

    /// Ends messages that nobody is working on, in the caller's transaction: ready, waiting for a retry or a time, or
    /// dead-lettered.
    ///
    /// Once the transaction commits, no claim can return them. A message that is leased at this moment is left alone:
    /// its holder must ask for itself whether it may go on, and the outcome must be recorded.
    ///
    /// - Returns: how many messages were ended
    @discardableResult
    package func cancel(_ messages: [MessageID], cause: Cause, in connection: Connection) throws -> Int {
        let ids = messages.map(\.rawValue).sorted()
        guard !ids.isEmpty else { return 0 }
        return try PlannerSettings.run(
            [OrderLock.messages(ids: ids), Self.end(ids, cause: cause)], in: connection
        )[1].count
    }

    /// By every shelf rather than the one where a row was seen: a row that moves meanwhile must not escape. A row with
    /// a lease that ran out is nobody's, and its late holder will be refused.
    private static func end(_ ids: [Int64], cause: Cause) -> (SQL, StaticString) {
        (
            """
            WITH target AS MATERIALIZED (
                SELECT m.queue, m.id AS position, m.id FROM queue.message AS m WHERE m.id = ANY (\(ids))
                UNION ALL
                SELECT s.queue, s.position, s.id FROM queue.state AS s WHERE s.id = ANY (\(ids)) AND s.position <> s.id
            ), ended AS (
                DELETE FROM queue.state AS s
                USING target AS t
                WHERE s.queue = t.queue AND s.shelf = ANY ('{0,1,2,3,4,5}'::smallint[]) AND s.position = t.position
                  AND s.id = t.id AND (s.lease_until IS NULL OR s.lease_until <= clock_timestamp())
                RETURNING s.id, s.position, s.key_hash, s.queue, s.attempt
            ), next AS MATERIALIZED (
                SELECT n.queue, n.position
                FROM (SELECT DISTINCT key_hash FROM ended WHERE key_hash IS NOT NULL) AS e
                CROSS JOIN LATERAL (
                    SELECT s.queue, s.shelf, s.position
                    FROM queue.state AS s
                    WHERE s.key_hash = e.key_hash AND NOT EXISTS (SELECT FROM ended AS x WHERE x.position = s.position)
                    ORDER BY s.position
                    LIMIT 1
                ) AS n
                WHERE n.shelf = 5
            ), advanced AS (
                \(SettleStatement.advance)
            ), raised AS (
                DELETE FROM queue.dead_letter AS d WHERE d.id = ANY (\(ids)) RETURNING d.id, d.queue, d.attempt
            ), gone AS (
                SELECT id, queue, NULL::timestamptz AS leased_at, NULL::integer AS node, attempt FROM ended
                UNION ALL
                SELECT id, queue, NULL, NULL, attempt FROM raised
            ), \(HistoryStatement.noted(.cancelled, of: "gone", cause: "\(cause.code)::text"))
            SELECT id FROM ended UNION ALL SELECT id FROM raised
            """, "queue.cancel"
        )
    }
}
