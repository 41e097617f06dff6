import Disclosure
import Ledger
package import Postgres

extension CaseStore {
    /// Enters that a message will tell an outcome to its sender.
    ///
    /// - Returns: False where one stands for it already, or staff have set another since.
    package func claimStatusMessage(_ outcome: ReferralOutcome, in connection: Connection) throws -> Bool {
        let claimed = try connection.execute(
            """
            UPDATE record.referral_outcome
            SET is_messaged = true
            WHERE referral = \(outcome.referral) AND set_at = \(outcome.setAt) AND NOT is_messaged
            """, name: "record.claim_status_message")
        return claimed > 0
    }

    /// Enters, before the bytes leave, that a sender is told an outcome now, if it may be: judged at this moment, with what it
    /// is judged by locked until the transaction ends. One that is withheld is entered as that, and waits for staff to set it
    /// again.
    ///
    /// - Returns: The outcome and which attempt to tell it this is, from 1; nil where nothing is to be told, since it is
    ///   withheld, or staff have set another since.
    package func tell(
        _ id: StatusMessageID, to partner: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> (outcome: ReferralOutcome, attempt: Int)? {
        let outcomes = try outcomes(
            ofSubmission: id.submission, ordinal: id.ordinal, isLocked: true, at: at, in: connection)
        guard let outcome = outcomes.first, outcome.setAt == id.setAt, outcome.sender == partner else { return nil }
        if let refusal = outcome.refusal {
            try release(outcome, in: connection)
            try enter(outcome, state: "withheld", reason: refusal.rawValue, at: at, in: connection)
            return nil
        }
        let attempt = try connection.query(
            """
            UPDATE record.referral_outcome
            SET told_at = coalesce(told_at, \(at)), attempts = attempts + 1
            WHERE referral = \(outcome.referral)
            RETURNING attempts
            """, name: "record.begin_telling"
        )[0].decode(Int32.self)
        try enter(outcome, state: "told", attempt: Int(attempt), at: at, in: connection)
        return (outcome, Int(attempt))
    }

    /// Enters what came of an attempt to tell an outcome, once.
    package func endTelling(
        _ outcome: ReferralOutcome, attempt: Int, as ended: ReleaseOutcome, at: Timestamp = .now(),
        in connection: Connection
    ) throws {
        let isKnown = try connection.query(
            """
            SELECT set_at = \(outcome.setAt) AND ended_attempts >= \(attempt)
            FROM record.referral_outcome
            WHERE referral = \(outcome.referral)
            FOR UPDATE
            """, name: "record.is_telling_ended"
        ).first?.decode(Bool.self)
        guard isKnown != true else { return }
        try connection.execute(
            """
            UPDATE record.referral_outcome
            SET ended_attempts = \(attempt)
            WHERE referral = \(outcome.referral) AND set_at = \(outcome.setAt)
            """, name: "record.end_telling")
        try enter(
            outcome, state: ended.name, reason: ended.code, attempt: attempt, at: at, in: connection)
    }

    /// Enters that the sender's system gave back, later, what it was to be told, and shows it to staff, who may set it again.
    ///
    /// - Returns: False where there is no such referral.
    package func returned(
        _ id: StatusMessageID, code: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let outcomes = try outcomes(
            ofSubmission: id.submission, ordinal: id.ordinal, isLocked: true, at: at, in: connection)
        guard let outcome = outcomes.first else { return false }
        if outcome.setAt == id.setAt { try release(outcome, in: connection) }
        try enter(outcome, state: "returned", reason: code, at: at, in: connection)
        try add(
            NewWorkItem(
                kind: .undeliveredAnswer, code: code, submission: id.submission, ordinal: id.ordinal,
                referral: outcome.referral, partner: outcome.sender),
            in: connection)
        return true
    }

    /// No message stands for telling it any more.
    private func release(_ outcome: ReferralOutcome, in connection: Connection) throws {
        try connection.execute(
            "UPDATE record.referral_outcome SET is_messaged = false WHERE referral = \(outcome.referral)",
            name: "record.release_status_message")
    }

    private func enter(
        _ outcome: ReferralOutcome, state: String, reason: String? = nil, attempt: Int? = nil, at: Timestamp,
        in connection: Connection
    ) throws {
        var fields = fields(of: outcome)
        fields[.state] = state
        fields[.reason] = reason
        fields[.attempt] = attempt.map(String.init)
        fields[.actor] = "hub"
        try append([entry(.referralOutcome, at: at, fields)], in: connection)
    }
}
