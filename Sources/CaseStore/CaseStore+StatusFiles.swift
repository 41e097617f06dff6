package import Postgres

extension CaseStore {
    /// Receipts of files about whose referrals something is to be written for their senders, each for one caller at a time:
    /// again after a while that grows with its age, from `shortest` to `longest`, unless it is written before. So one that
    /// is withheld holds up nobody.
    ///
    /// Whether it may be written is judged when it is (``outcomes(ofSubmission:at:in:)``).
    package func takeUnwrittenStatus(
        shortest: Duration, longest: Duration, limit: Int, at: Timestamp = .now(), in connection: Connection
    ) throws -> Set<UUIDValue> {
        Set(
            try connection.query(
                """
                WITH due AS (
                    SELECT referral
                    FROM record.referral_outcome
                    WHERE write_at <= \(at)
                    ORDER BY write_at
                    LIMIT \(limit)
                    FOR UPDATE SKIP LOCKED
                )
                UPDATE record.referral_outcome
                SET write_at = \(at)::timestamptz
                    + least(\(longest), greatest(\(shortest), (\(at)::timestamptz - set_at) / 4))
                FROM due JOIN record.referral ON referral.id = due.referral
                WHERE referral_outcome.referral = due.referral
                RETURNING referral.submission
                """, name: "record.take_unwritten_status"
            ).decode(UUIDValue.self))
    }

    /// Enters that outcomes were written, as they stood then.
    package func noteWritten(_ outcomes: [ReferralOutcome], in connection: Connection) throws {
        try connection.execute(
            """
            UPDATE record.referral_outcome
            SET write_at = NULL
            FROM unnest(\(outcomes.map(\.referral)), \(outcomes.map(\.setAt))) AS written (referral, set_at)
            WHERE referral_outcome.referral = written.referral AND referral_outcome.set_at = written.set_at
            """, name: "record.note_written_status")
    }
}
