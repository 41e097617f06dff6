package import Postgres

extension CaseStore {
    /// Stored messages in the order of their arrival, those after `last`; ids grow with time, so a page ends where the
    /// next begins.
    package func referrals(
        after last: UUIDValue?, limit: Int, in connection: Connection
    ) throws -> [ReferralSummary] {
        try connection.query(
            """
            SELECT id, record.survivor(person) AS person, case_file, submission, sender, type, state, urgency, received_at
            FROM record.referral
            WHERE id > coalesce(\(last), '00000000-0000-0000-0000-000000000000')
            ORDER BY id
            LIMIT \(limit)
            """, name: "record.referrals_after"
        ).map(Self.referral)
    }

    /// What one submission gave.
    package func referrals(ofSubmission submission: UUIDValue, in connection: Connection) throws -> [ReferralSummary] {
        try connection.query(
            """
            SELECT id, record.survivor(person) AS person, case_file, submission, sender, type, state, urgency, received_at
            FROM record.referral
            WHERE submission = \(submission)
            ORDER BY ordinal
            """, name: "record.referrals_of_submission"
        ).map(Self.referral)
    }

    /// Submissions that are stored but neither finished, nor waiting in the intake queue, as its messages' correlation
    /// tells, nor for an earlier message, nor as a file for its referral: there must never be one.
    package static func stranded(in connection: Connection) throws -> Int {
        try connection.query(
            """
            SELECT count(*)
            FROM record.submission
            WHERE state = 'received'
                AND NOT EXISTS (SELECT FROM record.awaiting WHERE awaiting.submission = submission.receipt)
                AND NOT EXISTS (SELECT FROM record.dropped_file WHERE dropped_file.submission = submission.receipt)
                AND NOT EXISTS (
                    SELECT FROM queue.message JOIN queue.state ON state.id = message.id
                    WHERE message.correlation = submission.receipt
                )
                AND NOT EXISTS (
                    SELECT FROM queue.message JOIN queue.dead_letter ON dead_letter.id = message.id
                    WHERE message.correlation = submission.receipt
                )
            """, name: "record.stranded"
        )[0].decode(Int.self)
    }

    static func referral(_ row: Row) throws -> ReferralSummary {
        ReferralSummary(
            id: try row.value("id"), person: try row.value("person"), caseFile: try row.value("case_file"),
            submission: try row.value("submission"), sender: try row.value("sender"), type: try row.value("type"),
            state: try row.value("state"), urgency: try row.value("urgency"), receivedAt: try row.value("received_at"))
    }
}
