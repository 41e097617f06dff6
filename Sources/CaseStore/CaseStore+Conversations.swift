package import Postgres

/// Conversations with partners' systems that answer when they are asked: until there is an answer, and until it was closed.
extension CaseStore {
    /// When a conversation is to be closed whose share's acknowledgement is told now: at once where the channel is still
    /// asked about it. Stands in an update of `record.acknowledgement`.
    static func closing(at: Timestamp) -> SQL {
        """
        CASE
            WHEN acknowledgement.kind = 'response' AND acknowledgement.look_at IS NOT NULL THEN \(at)::timestamptz
            ELSE acknowledgement.close_at
        END
        """
    }

    /// Asks the channel about a share that waits not before then.
    package func postpone(_ share: UUIDValue, until: Timestamp, in connection: Connection) throws {
        try connection.execute(
            """
            UPDATE record.acknowledgement
            SET look_at = greatest(look_at, \(until))
            WHERE share = \(share) AND look_at IS NOT NULL
            """, name: "record.postpone_look")
    }

    /// Shares to a recipient, or to the members of a kind, whose conversations are due to be closed, each for one caller at
    /// a time: again after `pause`, unless that is done before, and for no longer than a day.
    package func takeClosing(
        of recipient: String, pause: Duration, limit: Int, at: Timestamp = .now(), in connection: Connection
    ) throws -> [TrackedShare] {
        try connection.query(
            """
            WITH due AS (
                SELECT acknowledgement.share, recipient, channel
                FROM record.acknowledgement JOIN record.share ON share.id = acknowledgement.share
                WHERE close_at <= \(at)
                    AND \(recipient) IN (recipient, split_part(recipient, ':', 1))
                ORDER BY close_at
                LIMIT \(limit)
                FOR UPDATE OF acknowledgement SKIP LOCKED
            )
            UPDATE record.acknowledgement
            SET close_at = CASE
                    WHEN told_at > \(at)::timestamptz - interval '1 day' THEN \(at)::timestamptz + \(pause)::interval
                END
            FROM due
            WHERE acknowledgement.share = due.share
            RETURNING acknowledgement.share, recipient, channel, kind, reference
            """, name: "record.take_closing"
        ).map(TrackedShare.init)
    }

    /// Enters that the channel's part in a conversation is over.
    package func closed(_ tracked: TrackedShare, in connection: Connection) throws {
        try connection.execute(
            """
            UPDATE record.acknowledgement
            SET close_at = NULL
            WHERE share = \(tracked.share) AND reference = \(tracked.reference)
            """, name: "record.close_conversation")
    }
}

extension TrackedShare {
    init(_ row: Row) throws {
        (share, recipient, channel, kind, reference) = try row.decode(
            UUIDValue.self, String.self, String.self, AcknowledgementKind.self, String.self)
    }
}
