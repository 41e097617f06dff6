package import Postgres

/// Replays that are carried out later, by whichever node comes first. Their times are the database's, by whose clock letters
/// die too.
extension CaseStore {
    /// Failures in a row after which a replay is given up.
    package static let replayFailures = 5

    /// Asks for dead letters to be brought back: one, or all that are in a group now. Asked for again while it is open, it
    /// stays the one that it is.
    ///
    /// - Parameters:
    ///   - message: The one; nil is the group.
    ///   - wait: How long it can be undone before it begins.
    /// - Returns: Nil where there is nothing to bring back.
    package func askReplay(
        of queue: String, fingerprint: Int64, message: Int64? = nil, after wait: Duration, by actor: String,
        in connection: Connection
    ) throws -> UUIDValue? {
        // One that is open ends while its row is held, or a letter dies: then the other half of this finds it the next time.
        for _ in 0..<2 {
            let made = try connection.query(
                """
                INSERT INTO record.replay (id, begins_at, queue, fingerprint, message, wanted, cause, asked_by)
                SELECT \(UUIDValue.v7()), now() + \(wait), \(queue), \(fingerprint), \(message), count(*), min(d.cause_code), \(actor)
                FROM queue.dead_letter AS d
                WHERE d.queue = (SELECT id FROM queue.queue WHERE name = \(queue)) AND d.fingerprint = \(fingerprint)
                    AND (\(message)::bigint IS NULL OR d.id = \(message)) AND d.died_at <= now()
                HAVING count(*) > 0
                ON CONFLICT DO NOTHING
                RETURNING id
                """, name: "record.ask_replay")
            if let id = try made.first?.decode(UUIDValue.self) { return id }
            let open = try connection.query(
                """
                SELECT id
                FROM record.replay
                WHERE queue = \(queue) AND fingerprint = \(fingerprint) AND message IS NOT DISTINCT FROM \(message)
                    AND ended_at IS NULL
                """, name: "record.open_replay")
            if let id = try open.first?.decode(UUIDValue.self) { return id }
        }
        return nil
    }

    package func replay(_ id: UUIDValue, in connection: Connection) throws -> Replay? {
        try replays(where: "id = \(id)", "record.replay", in: connection).first
    }

    /// The replays of a queue's group, the latest first.
    package func replays(
        of queue: String, fingerprint: Int64, limit: Int, in connection: Connection
    ) throws -> [Replay] {
        try replays(
            where: "queue = \(queue) AND fingerprint = \(fingerprint) ORDER BY asked_at DESC LIMIT \(limit)",
            "record.replays", in: connection)
    }

    /// Those that are to be carried out now, the longest due first.
    package func dueReplays(in connection: Connection) throws -> [UUIDValue] {
        try connection.query(
            "SELECT id FROM record.replay WHERE ended_at IS NULL AND begins_at <= now() ORDER BY begins_at LIMIT 100",
            name: "record.due_replays"
        ).map { try $0.decode(UUIDValue.self) }
    }

    /// Takes a replay that is due, until the caller's transaction ends.
    ///
    /// - Returns: Nil where another node has it in hand, or it has ended meanwhile.
    package func takeReplay(_ id: UUIDValue, in connection: Connection) throws -> Replay? {
        try replays(
            where: "id = \(id) AND ended_at IS NULL AND begins_at <= now() FOR NO KEY UPDATE SKIP LOCKED",
            "record.take_replay", in: connection
        ).first
    }

    /// Enters that so many more are back in their queue, in the transaction that brought them back.
    ///
    /// - Parameter isDone: Whether none is left.
    package func advanceReplay(_ id: UUIDValue, by count: Int, isDone: Bool, in connection: Connection) throws {
        let state = isDone ? ReplayState.done : .running
        try connection.execute(
            """
            UPDATE record.replay
            SET replayed = replayed + \(count), failures = 0, state = \(state)::record.replay_state,
                ended_at = CASE WHEN \(isDone) THEN clock_timestamp() END
            WHERE id = \(id)
            """, name: "record.advance_replay")
    }

    /// Enters that a part of it failed, and gives it up after ``replayFailures`` in a row.
    ///
    /// - Returns: Whether it was given up.
    package func failReplay(_ id: UUIDValue, in connection: Connection) throws -> Bool {
        try connection.query(
            """
            UPDATE record.replay
            SET failures = failures + 1,
                state = CASE WHEN failures + 1 >= \(Self.replayFailures) THEN 'failed' ELSE state END,
                ended_at = CASE WHEN failures + 1 >= \(Self.replayFailures) THEN clock_timestamp() END
            WHERE id = \(id) AND ended_at IS NULL
            RETURNING state = 'failed'
            """, name: "record.fail_replay"
        ).first?.decode(Bool.self) ?? false
    }

    /// Ends a replay before it has begun, or between two parts of it: it waits for the part that is on its way.
    ///
    /// - Returns: Whether it had not ended.
    @discardableResult
    package func cancelReplay(_ id: UUIDValue, by actor: String, in connection: Connection) throws -> Bool {
        try connection.execute(
            """
            UPDATE record.replay
            SET state = 'cancelled', ended_at = clock_timestamp(), cancelled_by = \(actor)
            WHERE id = \(id) AND ended_at IS NULL
            """, name: "record.cancel_replay") == 1
    }

    /// Forgets replays that ended before a time.
    package func forgetReplays(before: Timestamp, in connection: Connection) throws {
        try connection.execute(
            "DELETE FROM record.replay WHERE ended_at < \(before)", name: "record.forget_replays")
    }

    private func replays(
        where condition: SQL, _ name: StaticString, in connection: Connection
    ) throws -> [Replay] {
        try connection.query(
            """
            SELECT id, queue, fingerprint, cause, message, state::text, asked_at, begins_at, ended_at, asked_by,
                cancelled_by, wanted, replayed
            FROM record.replay
            WHERE \(condition)
            """, name: name
        ).map { row in
            let (
                id, queue, fingerprint, cause, message, state, askedAt, beginsAt, endedAt, askedBy, cancelledBy, wanted,
                replayed
            ) = try row.decode(
                UUIDValue.self, String.self, Int64.self, String.self, Int64?.self, ReplayState.self, Timestamp.self,
                Timestamp.self, Timestamp?.self, String.self, String?.self, Int.self, Int.self)
            return Replay(
                id: id, queue: queue, fingerprint: fingerprint, cause: cause, message: message, state: state,
                askedAt: askedAt, beginsAt: beginsAt, endedAt: endedAt, askedBy: askedBy, cancelledBy: cancelledBy,
                wanted: wanted, replayed: replayed)
        }
    }
}
