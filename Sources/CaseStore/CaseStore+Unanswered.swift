package import Postgres

/// Releases to one recipient whose bytes may have left, and of which nobody knows what came of them.
package struct UnansweredReleases: Sendable, Equatable {
    package var recipient: String
    package var count: Int
    /// The share of the oldest of them.
    package var oldest: UUIDValue
}

extension CaseStore {
    /// The latest attempts that began longer ago than `patience`, have no outcome, and are in nobody's hands now.
    ///
    /// A crash between bytes and outcome leaves one for the time of a lease, until dispatch tries again. One that stays
    /// means that nobody does. An attempt that another has followed is not counted: its outcome stays unknown for good.
    package static func unanswered(
        longerThan patience: Duration, in connection: Connection
    ) throws -> [UnansweredReleases] {
        try connection.query(
            """
            SELECT share.recipient, count(*), (array_agg(share.id ORDER BY attempt.started_at))[1]
            FROM record.share_attempt AS attempt
            JOIN record.share ON share.id = attempt.share AND share.attempts = attempt.attempt
            WHERE attempt.outcome IS NULL
                AND attempt.started_at < now() - \(patience)::interval
                AND share.state = 'sending'
                AND NOT EXISTS (
                    SELECT FROM queue.state WHERE state.id = share.message AND state.lease_until > now()
                )
            GROUP BY share.recipient
            ORDER BY share.recipient
            """, name: "record.unanswered"
        ).map { row in
            let (recipient, count, oldest) = try row.decode(String.self, Int.self, UUIDValue.self)
            return UnansweredReleases(recipient: recipient, count: count, oldest: oldest)
        }
    }
}
