import Logging
import Postgres

/// What a round of retention did.
package struct Rotation: Sendable, Equatable {
    /// The era that was opened, if it was time for one.
    package var opened: Int?
    /// Eras that were dropped, with all their documents and their history.
    package var dropped: [Int] = []
    /// Documents of live messages and dead letters that were carried over into the era that is written to.
    package var carried = 0
    /// Whether an era that is due could not be dropped, because somebody reads or writes in it; the next round tries again.
    package var isWaiting = false
}

extension MessageQueue {
    /// An age is kept in so many eras, so what is dropped is older than the age by an eighth of it at most.
    static let erasPerAge = 8

    /// Drops the documents and the history of messages that were enqueued longer ago than this; live messages and dead
    /// letters stay whatever their age. Any number of nodes may call it, every minute or so.
    ///
    /// Nothing is deleted row by row: messages are written to the era of their time, a partition, and eras are dropped
    /// whole. What is still alive in an era is carried over first, in short transactions. To drop a partition takes a
    /// lock that waits for every reader and that every later reader waits behind, so it is given up after a tenth of a
    /// second and tried again in the next round.
    @discardableResult
    package func retire(olderThan age: Duration) async throws -> Rotation {
        var rotation = Rotation()
        rotation.opened = try await openEra(after: age / Self.erasPerAge)
        let due = try await database.query(
            """
            SELECT number
            FROM (SELECT number, lead(opened_at) OVER (ORDER BY number) AS closed_at FROM queue.era) AS e
            WHERE closed_at <= clock_timestamp() - \(max(age, .seconds(2)))
            ORDER BY number
            """, name: "queue.eras_due"
        ).map { try $0.decode(Int16.self) }
        for era in due {
            rotation.carried += try await carryOver(from: era)
            guard try await drop(era) else {
                rotation.isWaiting = true
                break
            }
            rotation.dropped.append(Int(era))
        }
        return rotation
    }

    private func openEra(after age: Duration) async throws -> Int? {
        let row = try await database.query(
            """
            SELECT CASE WHEN pg_try_advisory_xact_lock(\(raw: Self.eraLock)) THEN (
                SELECT queue.open_era() WHERE (SELECT max(opened_at) FROM queue.era) <= clock_timestamp() - \(age)
            ) END
            """, name: "queue.open_era"
        )[0]
        return try row.decode(Int16?.self).map(Int.init)
    }

    /// Moves what is alive or dead, but not done with, to the era that is written to. What somebody has locked stays.
    ///
    /// Under the locks of whole queues, because who brings back a dead letter must find its document where the letter
    /// says.
    private func carryOver(from era: Int16) async throws -> Int {
        let queues = try await database.query("SELECT name FROM queue.queue", name: "queue.names")
            .map { try $0.decode(String.self) }
        var carried = 0
        while true {
            try Task.checkCancellation()
            let moved = try await PlannerSettings.run(
                [OrderLock.queues(queues), Self.carryOver(from: era, limit: 200)], on: database)[1].count
            carried += moved
            guard moved > 0 else { return carried }
        }
    }

    private static func carryOver(from era: Int16, limit: Int) -> (SQL, StaticString) {
        (
            """
            WITH extent AS MATERIALIZED (
                SELECT min(id) AS first, max(id) AS last FROM queue.message WHERE era = \(era)
            ), live AS MATERIALIZED (
                SELECT s.queue, s.shelf, s.position, s.id
                FROM extent AS x
                CROSS JOIN queue.queue AS q
                CROSS JOIN unnest('{0,1,2,3,4,5}'::smallint[]) AS k(shelf)
                JOIN queue.state AS s
                    ON s.queue = q.id AND s.shelf = k.shelf AND s.position BETWEEN x.first AND x.last AND s.era = \(era)
                LIMIT \(limit)
                FOR UPDATE OF s SKIP LOCKED
            ), replayed AS MATERIALIZED (
                SELECT s.queue, s.shelf, s.position, s.id
                FROM extent AS x
                JOIN queue.state AS s ON s.id BETWEEN x.first AND x.last AND s.position <> s.id AND s.era = \(era)
                LIMIT \(limit)
                FOR UPDATE OF s SKIP LOCKED
            ), alive AS (
                SELECT * FROM live UNION SELECT * FROM replayed
            ), dead AS MATERIALIZED (
                SELECT d.id
                FROM extent AS x
                JOIN queue.dead_letter AS d ON d.id BETWEEN x.first AND x.last AND d.era = \(era)
                LIMIT \(limit)
                FOR UPDATE OF d SKIP LOCKED
            ), taken AS (
                DELETE FROM queue.message AS m
                USING (SELECT id FROM alive UNION SELECT id FROM dead) AS c
                WHERE m.era = \(era) AND m.id = c.id
                RETURNING m.*
            ), copied AS (
                INSERT INTO queue.message (
                    id, enqueued_at, not_before, correlation, era, queue, priority, key, content_type, payload
                )
                SELECT id, enqueued_at, not_before, correlation, (\(EnqueueStatement.currentEra)), queue, priority, key,
                    content_type, payload
                FROM taken
                RETURNING id, era
            ), moved AS (
                UPDATE queue.state AS s
                SET era = c.era
                FROM alive AS a
                JOIN copied AS c ON c.id = a.id
                WHERE s.queue = a.queue AND s.shelf = a.shelf AND s.position = a.position
            ), buried AS (
                UPDATE queue.dead_letter AS d SET era = c.era FROM dead JOIN copied AS c ON c.id = dead.id WHERE d.id = c.id
            )
            SELECT id FROM copied
            """, "queue.carry_over"
        )
    }

    private func drop(_ era: Int16) async throws -> Bool {
        do {
            return try await database.transaction { connection in
                try connection.execute("SET LOCAL lock_timeout = '100ms'", name: "queue.drop_era")
                return try connection.query("SELECT queue.drop_era(\(era))", name: "queue.drop_era")[0].decode(
                    Bool.self)
            }
        } catch let error as PostgresError where error.state == .lockNotAvailable || error.state == .deadlockDetected {
            logger.debug("era not dropped yet", metadata: ["era": "\(era)"])
            return false
        }
    }

    /// Lets one node open an era at a time: the letters ERA.
    private static let eraLock: StaticString = "4542017"
}
