package import Postgres

extension CaseStore {
    /// Receipts of files about whose referrals something is to be written for their senders, as far as the persons agreed.
    /// Whether it may be is judged when it is (``outcomes(ofSubmission:at:in:)``).
    package func unwrittenStatus(limit: Int = 500, in connection: Connection) throws -> [UUIDValue] {
        try connection.query(
            """
            SELECT DISTINCT submission.receipt
            FROM record.referral_outcome
            JOIN record.referral ON referral.id = referral_outcome.referral
            JOIN record.submission ON submission.receipt = referral.submission
            WHERE written_at IS NULL AND agreed_at IS NOT NULL AND submission.channel = 'file'
            LIMIT \(limit)
            """, name: "record.unwritten_status"
        ).decode(UUIDValue.self)
    }

    /// Enters that outcomes were written, as they stood then.
    package func noteWritten(
        _ outcomes: [ReferralOutcome], at: Timestamp = .now(), in connection: Connection
    ) throws {
        try connection.execute(
            """
            UPDATE record.referral_outcome
            SET written_at = \(at)
            FROM unnest(\(outcomes.map(\.referral)), \(outcomes.map(\.setAt))) AS written (referral, set_at)
            WHERE referral_outcome.referral = written.referral AND referral_outcome.set_at = written.set_at
            """, name: "record.note_written_status")
    }
}
