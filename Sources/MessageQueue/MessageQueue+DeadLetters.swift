package import Postgres

extension MessageQueue {
    /// The dead letters of a selection, the oldest first: also what ``replay(_:)`` of the same selection would bring
    /// back.
    package func deadLetters(_ selection: DeadLetterSelection) async throws -> [DeadLetter] {
        try await database.read { try self.deadLetters(selection, in: $0) }
    }

    /// ``deadLetters(_:)`` in the caller's transaction.
    package func deadLetters(_ selection: DeadLetterSelection, in connection: Connection) throws -> [DeadLetter] {
        try Self.letters(
            connection.query(
                "WITH \(selection.chosen) \(Self.described) ORDER BY d.id", name: "queue.dead_letters"))
    }

    /// The dead letters of one queue and cause that come after a place, the latest first.
    package func latestDeadLetters(
        of queue: String, fingerprint: Int64, after place: DeadLetterPlace? = nil, limit: Int
    ) async throws -> [DeadLetter] {
        let from: SQL = place.map { "AND (died_at, id) < (\($0.diedAt), \($0.messageID.rawValue))" } ?? ""
        return try Self.letters(
            try await database.query(
                """
                WITH chosen AS MATERIALIZED (
                    SELECT id
                    FROM queue.dead_letter
                    WHERE queue = (SELECT id FROM queue.queue WHERE name = \(queue)) AND fingerprint = \(fingerprint) \(from)
                    ORDER BY died_at DESC, id DESC
                    LIMIT \(limit)
                )
                \(Self.described)
                ORDER BY d.died_at DESC, d.id DESC
                """, name: "queue.latest_dead_letters"))
    }

    /// What a ``DeadLetter`` tells, of each in the CTE `chosen`.
    private static let described: SQL =
        """
        SELECT d.id, q.name, m.key, m.correlation, m.enqueued_at, d.died_at, d.attempt, d.lost, d.cause_code,
            d.cause_text
        FROM chosen
        JOIN queue.dead_letter AS d USING (id)
        JOIN queue.queue AS q ON q.id = d.queue
        JOIN queue.message AS m ON m.era = d.era AND m.id = d.id
        """

    private static func letters(_ rows: QueryResult) throws -> [DeadLetter] {
        try rows.map { row in
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

    /// Whether a message still lies where it was set aside, and was not brought back since.
    package func isSetAside(_ letter: DeadLetter, in connection: Connection) throws -> Bool {
        try connection.query(
            """
            SELECT EXISTS (
                SELECT FROM queue.dead_letter WHERE id = \(letter.messageID.rawValue) AND died_at = \(letter.diedAt)
            )
            """, name: "queue.is_set_aside"
        )[0].decode(Bool.self)
    }

    /// The dead letters counted by queue and cause, the most frequent first.
    ///
    /// - Parameters:
    ///   - queue: Those of this queue; left alone, of all.
    ///   - fingerprint: Those of this ``Cause/fingerprint``; left alone, of any.
    package func deadLetterGroups(
        queue: String? = nil, fingerprint: Int64? = nil
    ) async throws -> [DeadLetterGroup] {
        var condition: SQL = "true"
        if let queue { condition = "\(condition) AND queue = (SELECT id FROM queue.queue WHERE name = \(queue))" }
        if let fingerprint { condition = "\(condition) AND fingerprint = \(fingerprint)" }
        // Counted out of the index; the cause, which is text, is then read of one letter of each group.
        let rows = try await database.query(
            """
            WITH counted AS MATERIALIZED (
                SELECT queue, fingerprint, count(*) AS letters, min(died_at) AS first_died, max(died_at) AS last_died
                FROM queue.dead_letter
                WHERE \(condition)
                GROUP BY queue, fingerprint
            )
            SELECT q.name, c.fingerprint, latest.cause_code, latest.cause_text, c.letters, c.first_died, c.last_died
            FROM counted AS c
            JOIN queue.queue AS q ON q.id = c.queue
            CROSS JOIN LATERAL (
                SELECT d.cause_code, d.cause_text
                FROM queue.dead_letter AS d
                WHERE d.queue = c.queue AND d.fingerprint = c.fingerprint
                ORDER BY d.died_at DESC, d.id DESC
                LIMIT 1
            ) AS latest
            ORDER BY c.letters DESC, q.name
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
    @discardableResult
    package func replay(_ selection: DeadLetterSelection) async throws -> Int {
        let replayed = try await database.transaction { try self.replay(selection, in: $0) }
        for queue in replayed.keys { wake(queue) }
        return replayed.values.reduce(0, +)
    }

    /// ``replay(_:)`` in the caller's transaction. Whoever enqueues into the same queues waits until it ends, so it comes
    /// last.
    ///
    /// - Returns: How many, by queue; each is to be woken (``wake(_:)``) once the transaction has committed.
    package func replay(_ selection: DeadLetterSelection, in connection: Connection) throws -> [String: Int] {
        let names = try connection.query(
            """
            WITH \(selection.chosen)
            SELECT DISTINCT q.name
            FROM chosen
            JOIN queue.dead_letter AS d USING (id)
            JOIN queue.queue AS q ON q.id = d.queue
            """, name: "queue.replay.queues"
        ).map { try $0.decode(String.self) }
        let raised = try PlannerSettings.run(
            [OrderLock.queues(names), Self.raise(selection, queues: names)], in: connection
        )[1].decode(String.self, Int.self)
        return Dictionary(uniqueKeysWithValues: raised)
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
