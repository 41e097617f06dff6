import Disclosure
import Ledger
package import Postgres
import Referral

extension CaseStore {
    /// Sets what became of a referral, and judges whether its sender may know. The case that it belongs to goes with it:
    /// taken on; or over, unless another referral of the case is not.
    ///
    /// - Returns: Nothing when there is no such referral, or it is a message about another.
    package func setOutcome(
        _ new: NewReferralOutcome, of referral: UUIDValue, at: Timestamp = .now(), by actor: String,
        in connection: Connection
    ) throws -> ReferralOutcome? {
        let rows = try connection.query(
            """
            SELECT submission, channel = 'file'
            FROM record.referral JOIN record.submission ON submission.receipt = referral.submission
            WHERE id = \(referral) AND thread = id AND type IN ('referral', 'notice')
            """, name: "record.referral_of_outcome")
        guard let (submission, isOfFile) = try rows.first?.decode(UUIDValue.self, Bool.self)
        else { return nil }
        let changed = try connection.query(
            """
            INSERT INTO record.referral_outcome (
                referral, set_at, agreed_at, outcome, ending_code, set_by, write_at
            )
            VALUES (
                \(referral), \(at), \(new.agreedAt), \(new.outcome.rawValue)::record.referral_outcome_word,
                \(new.ending?.rawValue), \(actor), \(isOfFile && new.agreedAt != nil ? at : nil)
            )
            ON CONFLICT (referral) DO UPDATE
            SET set_at = excluded.set_at, agreed_at = excluded.agreed_at, outcome = excluded.outcome,
                ending_code = excluded.ending_code, set_by = excluded.set_by, told_at = NULL,
                write_at = excluded.write_at, is_messaged = false, attempts = 0, ended_attempts = 0
            WHERE (referral_outcome.outcome, referral_outcome.ending_code, referral_outcome.agreed_at)
                IS DISTINCT FROM (excluded.outcome, excluded.ending_code, excluded.agreed_at)
            RETURNING referral
            """, name: "record.set_outcome")
        let outcomes = try outcomes(ofSubmission: submission, at: at, in: connection)
        guard let outcome = outcomes.first(where: { $0.referral == referral }) else { return nil }
        if !changed.isEmpty {
            try moveCase(of: referral, to: new, at: at, in: connection)
            var fields = fields(of: outcome)
            fields[.state] = outcome.refusal == nil ? "may_be_told" : "withheld"
            fields[.actor] = actor
            fields[.reason] = outcome.refusal?.rawValue
            try append([entry(.referralOutcome, at: at, fields)], in: connection)
        }
        return outcome
    }

    private func moveCase(
        of referral: UUIDValue, to new: NewReferralOutcome, at: Timestamp, in connection: Connection
    ) throws {
        if new.outcome == .takenOn {
            try connection.execute(
                """
                UPDATE record.case_file
                SET state = 'taken_on'
                FROM record.referral
                WHERE referral.id = \(referral) AND case_file.id = referral.case_file AND case_file.state = 'open'
                """, name: "record.take_case_on")
            return
        }
        try connection.execute(
            """
            UPDATE record.case_file
            SET state = \(new.outcome.rawValue)::record.case_state, ended_at = \(at), ending_code = \(new.ending?.rawValue)
            FROM record.referral AS first
            WHERE first.id = \(referral)
                AND case_file.id = first.case_file
                AND case_file.ended_at IS NULL
                AND NOT EXISTS (
                    SELECT
                    FROM record.referral AS other
                    LEFT JOIN record.referral_outcome ON referral_outcome.referral = other.id
                    WHERE other.person = case_file.person
                        AND other.case_file = case_file.id
                        AND other.id <> first.id
                        AND other.type IN ('referral', 'notice')
                        AND other.state <> 'withdrawn'
                        AND (referral_outcome.outcome IS NULL OR referral_outcome.outcome = 'taken_on')
                )
            """, name: "record.end_case")
    }

    /// What became of the referrals of a submission, in their order, each judged by the facts of this moment.
    ///
    /// - Parameters:
    ///   - ordinal: Of one referral alone.
    ///   - isLocked: Whether they, and what they are judged by, stay as they are until the transaction ends.
    package func outcomes(
        ofSubmission submission: UUIDValue, ordinal: Int? = nil, isLocked: Bool = false, at: Timestamp = .now(),
        in connection: Connection
    ) throws -> [ReferralOutcome] {
        let lock: SQL = isLocked ? "FOR UPDATE OF referral_outcome" : ""
        let rows = try connection.query(
            """
            SELECT
                referral.id, referral.person, referral.sender, referral.ordinal, outcome, ending_code, agreed_at, set_at,
                told_at, partner.is_enabled
            FROM record.referral
            JOIN record.referral_outcome ON referral_outcome.referral = referral.id
            LEFT JOIN record.partner ON partner.id = referral.sender AND partner.kind = 'partner'
            WHERE referral.submission = \(submission) AND referral.ordinal = coalesce(\(ordinal), referral.ordinal)
            ORDER BY referral.ordinal
            \(lock)
            """, name: isLocked ? "record.locked_outcomes_of_submission" : "record.outcomes_of_submission")
        let subjects = try wholeSubjects(
            of: Set(rows.map { try $0.value("person", as: UUIDValue.self) }), isLocked: isLocked, in: connection)
        return try rows.map { row in
            let person = try row.value("person", as: UUIDValue.self)
            let set = NewReferralOutcome(
                try row.value("outcome"),
                ending: try row.value("ending_code", as: String?.self).flatMap(EndingCode.init),
                agreedAt: try row.value("agreed_at"))
            let refusal = ReferrerNotice.refusal(
                subjects[person] ?? .erased, isReachable: try row.value("is_enabled", as: Bool?.self),
                agreed: set.agreedAt.map { Instant(microseconds: $0.microseconds) },
                at: Instant(microseconds: at.microseconds))
            return ReferralOutcome(
                referral: try row.value("id"), submission: submission, person: person,
                sender: try row.value("sender"), ordinal: try row.value("ordinal"), set: set,
                setAt: try row.value("set_at"),
                toldAt: try row.value("told_at"), refusal: refusal)
        }
    }

    /// What forbids something about persons, with what was entered of those who were found to be these persons. Whose key was
    /// destroyed is not among them.
    private func wholeSubjects(
        of persons: Set<UUIDValue>, isLocked: Bool, in connection: Connection
    ) throws -> [UUIDValue: Subject] {
        guard !persons.isEmpty else { return [:] }
        var reads = Pipeline()
        addReads(ofCircumstances: "= ANY (\(Array(persons)))", isLocked: isLocked, to: &reads)
        let results = try connection.pipeline(reads)
        let known = try results[0].filter { try $0.value("wrapped_key", as: [UInt8]?.self) != nil }
        return try circumstances(persons: known, merged: results[1]).mapValues(\.subject)
    }

    /// Enters that a sender is told what became of referrals, of each the first time only.
    package func noteTold(
        _ outcomes: [ReferralOutcome], at: Timestamp = .now(), in connection: Connection
    ) throws {
        guard !outcomes.isEmpty else { return }
        let told: Set<UUIDValue> = Set(
            try connection.query(
                """
                UPDATE record.referral_outcome
                SET told_at = \(at)
                FROM unnest(\(outcomes.map(\.referral)), \(outcomes.map(\.setAt))) AS told (referral, set_at)
                WHERE referral_outcome.referral = told.referral AND referral_outcome.set_at = told.set_at
                    AND told_at IS NULL
                RETURNING referral_outcome.referral
                """, name: "record.note_told_outcomes"
            ).decode(UUIDValue.self))
        let entries = outcomes.filter { told.contains($0.referral) }.map { outcome in
            var fields = fields(of: outcome)
            fields[.state] = "told"
            fields[.actor] = outcome.sender
            return entry(.referralOutcome, at: at, fields)
        }
        if !entries.isEmpty { try append(entries, in: connection) }
    }

    func fields(of outcome: ReferralOutcome) -> [LedgerField: String] {
        [
            .referral: outcome.referral.description, .submission: outcome.submission.description,
            .person: outcome.person.description, .recipient: outcome.sender, .outcome: outcome.set.outcome.rawValue,
        ]
    }
}

extension Subject {
    /// Of whom nothing is known any more.
    fileprivate static var erased: Subject {
        var subject = Subject()
        subject.erasure = .done
        return subject
    }
}
