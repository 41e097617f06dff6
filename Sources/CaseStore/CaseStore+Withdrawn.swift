import Ledger
import Postgres

extension CaseStore {
    /// A referral that its sender takes back: the first message of its thread, and when the withdrawal came.
    struct Withdrawn {
        let thread: UUIDValue
        let at: Timestamp
    }

    /// Marks referrals as withdrawn, with all that rests on them.
    ///
    /// A case that nobody has taken on, and that no other referral brought, ends as not taken on. One that somebody works
    /// with goes on: the person may want support whatever the sender says, so that a person decides. Shares that were
    /// asked for on the strength of the referral and have not left are stopped; those that rest on an agreement alone
    /// are the person's own wish.
    func withdraw(_ withdrawals: [Withdrawn], in connection: Connection) throws {
        guard !withdrawals.isEmpty else { return }
        var writes = Pipeline()
        writes.add(
            """
            UPDATE record.referral
            SET state = 'withdrawn', withdrawn_at = withdrawal.at
            FROM unnest(\(withdrawals.map(\.thread)), \(withdrawals.map(\.at))) AS withdrawal (thread, at)
            WHERE referral.id = withdrawal.thread AND referral.state <> 'withdrawn'
            """, name: "record.withdraw_referrals")
        writes.add(
            """
            UPDATE record.case_file
            SET state = 'not_taken_on', ended_at = withdrawal.at, ending_code = 'ANO'
            FROM unnest(\(withdrawals.map(\.thread)), \(withdrawals.map(\.at))) AS withdrawal (thread, at)
                JOIN record.referral AS first ON first.id = withdrawal.thread
            WHERE case_file.id = first.case_file
                AND case_file.state = 'open'
                AND NOT EXISTS (
                    SELECT
                    FROM record.referral AS other
                    WHERE other.person = case_file.person
                        AND other.case_file = case_file.id
                        AND other.type IN ('referral', 'notice')
                        AND other.state <> 'withdrawn'
                )
            """, name: "record.end_withdrawn_cases")
        writes.add(
            """
            UPDATE record.share
            SET state = CASE WHEN queued_at IS NULL THEN 'refused' ELSE 'cancelled' END::record.share_state,
                finished_at = greatest(withdrawal.at, now()), failure = 'referral_withdrawn'
            FROM unnest(\(withdrawals.map(\.thread)), \(withdrawals.map(\.at))) AS withdrawal (thread, at)
            CROSS JOIN LATERAL (
                SELECT id, person FROM record.referral WHERE id = withdrawal.thread
                UNION ALL
                SELECT id, person FROM record.referral WHERE thread = withdrawal.thread AND thread <> id
            ) AS told
            WHERE share.person = told.person
                AND share.referral = told.id
                AND share.state IN ('queued', 'parked')
                AND share.finished_at IS NULL
            RETURNING share.id, share.person, share.state
            """, name: "record.stop_withdrawn_shares")
        let stopped = try connection.pipeline(writes)[2].map { row in
            let (share, person, state) = try row.decode(UUIDValue.self, UUIDValue.self, String.self)
            return entry(
                .shareDecided,
                [
                    .share: share.description, .person: person.description, .actor: "hub", .state: state,
                    .reason: "referral_withdrawn",
                ])
        }
        try append(stopped, in: connection)
    }
}
