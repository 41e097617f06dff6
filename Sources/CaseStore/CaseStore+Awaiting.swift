package import Postgres

extension CaseStore {
    /// A submission that is to be worked on again: its receipt, and the key of its place in the queue.
    package struct Resumed: Sendable, Hashable {
        package var receipt: UUIDValue
        package var orderKey: String
    }

    /// Ends the waiting of submissions for which the earlier message has been stored, or that have waited long enough.
    ///
    /// The caller enqueues them in the same transaction. A look from time to time, and no signal from the one who stores
    /// the earlier message: the two may be stored at the same moment, neither seeing the other.
    ///
    /// - Returns: Each once; call again while there are `limit`.
    package func resume(
        at now: Timestamp = .now(), limit: Int = 1000, in connection: Connection
    ) throws -> [Resumed] {
        let rows = try connection.query(
            """
            WITH due AS (
                SELECT submission
                FROM record.awaiting
                WHERE until <= \(now)
                    OR EXISTS (
                        SELECT
                        FROM record.referral
                        WHERE referral.sender = awaiting.sender AND referral.message_index = awaiting.answered_index
                    )
                    OR EXISTS (
                        SELECT
                        FROM record.referral
                        WHERE referral.sender = awaiting.sender AND referral.number_index = awaiting.answered_index
                    )
                ORDER BY submission
                LIMIT \(limit)
            ), ended AS (
                DELETE FROM record.awaiting
                USING due
                WHERE awaiting.submission = due.submission
                RETURNING awaiting.submission
            )
            SELECT receipt, thread_index
            FROM record.submission
            WHERE receipt IN (SELECT ended.submission FROM ended)
            ORDER BY receipt
            """, name: "record.resume")
        return try rows.map { row in
            let (receipt, thread) = try row.decode(UUIDValue.self, [UInt8]?.self)
            return Resumed(receipt: receipt, orderKey: thread.map(hexadecimal) ?? receipt.description)
        }
    }
}
