import Postgres

extension MessageQueue {
    /// Deletes the documents and the history of finished messages that were enqueued longer ago than this; live
    /// messages and dead letters stay whatever their age.
    ///
    /// Goes through the ids upwards in short transactions, so that it can run beside full load and be broken off
    /// anywhere.
    ///
    /// - Returns: how many messages were deleted
    @discardableResult
    package func retire(olderThan age: Duration, batch: Int = 2_000) async throws -> Int {
        var after: Int64 = 0
        var retired = 0
        while true {
            try Task.checkCancellation()
            let row = try await database.query(
                """
                WITH old AS MATERIALIZED (
                    SELECT id, queue
                    FROM (
                        SELECT id, queue, enqueued_at FROM queue.message WHERE id > \(after) ORDER BY id LIMIT \(batch)
                    ) AS m
                    WHERE enqueued_at < now() - \(age)
                ), finished AS MATERIALIZED (
                    SELECT o.id
                    FROM old AS o
                    WHERE NOT EXISTS (
                        SELECT FROM queue.state AS s
                        WHERE s.queue = o.queue AND s.shelf = ANY ('{0,1,2,3,4,5}'::smallint[]) AND s.position = o.id
                    )
                      AND NOT EXISTS (SELECT FROM queue.state AS s WHERE s.id = o.id AND s.position <> s.id)
                      AND NOT EXISTS (SELECT FROM queue.dead_letter AS d WHERE d.id = o.id)
                ), forgotten AS (
                    DELETE FROM queue.history AS h USING finished AS f WHERE h.message = f.id
                ), retired AS (
                    DELETE FROM queue.message AS m USING finished AS f WHERE m.id = f.id RETURNING m.id
                )
                SELECT (SELECT count(*) FROM retired), (SELECT count(*) FROM old), (SELECT max(id) FROM old)
                """, name: "queue.retire"
            )[0]
            let (deleted, seen, last) = try row.decode(Int.self, Int.self, Int64?.self)
            retired += deleted
            guard seen == batch, let last else { return retired }
            after = last
        }
    }
}
