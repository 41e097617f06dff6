import Ledger
package import Postgres

extension CaseStore {
    /// Enters how an attempt to send an extract ended: delivered, back to the queue, or failed with a work item. A package that
    /// was delivered is destroyed.
    ///
    /// Entering it a second time changes nothing, and what comes after another attempt began decides nothing.
    package func finish(_ ended: EndedExtract, at: Timestamp = .now(), in connection: Connection) throws {
        let (outcome, awaited) = (ended.outcome, ended.awaited)
        let isDelivered = outcome.state == .delivered
        let isTracked = isDelivered && awaited.map { $0.isTracked && outcome.reference != nil } ?? false
        let destroyed: SQL = isDelivered ? ", \(Self.destroyed)" : ""
        let rows = try connection.query(
            """
            UPDATE record.extract_sending
            SET state = \(outcome.state.rawValue)::record.extract_state,
                outcome = \(outcome.name)::record.attempt_outcome,
                failure = \(outcome.code), reference = coalesce(\(outcome.reference), reference),
                has_left = has_left OR \(outcome.name != Self.cameBack),
                finished_at = \(outcome.state == .queued ? nil : at),
                awaited_since = \(isDelivered && awaited != nil ? at : nil),
                due_at = \(isDelivered ? awaited.map { at + $0.within } : nil),
                look_at = \(isTracked ? at : nil),
                acknowledgement = \(isDelivered ? awaited?.kind.rawValue : nil)::record.acknowledgement_kind,
                acknowledged = \(isDelivered && awaited != nil ? AcknowledgementState.waiting.rawValue : nil)
                    ::record.acknowledgement_state
                \(destroyed)
            FROM record.extract
            WHERE extract_sending.extract = \(ended.extract) AND extract.id = \(ended.extract)
                AND attempts = \(ended.attempt)
                AND (state = 'sending' OR state = 'queued' AND failure = \(Self.notToldOfExtract))
            RETURNING recipient
            """, name: "record.finish_extract")
        guard let recipient = try rows.first?.decode(String.self) else { return }
        var fields: [LedgerField: String] = [
            .extract: ended.extract.description, .recipient: recipient, .attempt: String(ended.attempt),
            .outcome: outcome.name, .actor: "hub",
        ]
        fields[.reason] = outcome.code
        try append([entry(.releaseOutcome, at: at, fields)], about: ended.extract, in: connection)
        guard outcome.state == .failed else { return }
        try showFailed(ended.extract, recipient, code: outcome.code ?? outcome.name, at: at, in: connection)
    }

    /// It did not arrive: no word of it is with the recipient.
    private static let cameBack = ReleaseOutcome.retry(code: "").name

    /// Marks an extract as failed that waits no longer, with a work item. Its package stays until its time is over, so that
    /// staff can have its message sent again.
    ///
    /// - Returns: Whether it waited.
    @discardableResult
    package func fail(
        extract id: UUIDValue, code: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            """
            UPDATE record.extract_sending
            SET state = 'failed', finished_at = \(at), failure = \(code)
            FROM record.extract
            WHERE extract_sending.extract = \(id) AND extract.id = \(id) AND state IN ('queued', 'sending')
            RETURNING recipient
            """, name: "record.fail_extract")
        guard let recipient = try rows.first?.decode(String.self) else { return false }
        let fields: [LedgerField: String] = [
            .extract: id.description, .recipient: recipient, .state: ExtractState.failed.rawValue, .reason: code,
            .actor: "hub",
        ]
        try append([entry(.releaseOutcome, at: at, fields)], about: id, in: connection)
        try showFailed(id, recipient, code: code, at: at, in: connection)
        return true
    }

    /// Whether an id is that of an extract which leaves by a channel.
    package func isSentExtract(_ id: UUIDValue, in connection: Connection) throws -> Bool {
        try !connection.query(
            "SELECT FROM record.extract_sending WHERE extract = \(id)", name: "record.is_sent_extract"
        ).isEmpty
    }

    /// Lets a failed extract wait again whose message was brought back from the dead letters, if its package is still there. It
    /// is judged again when it is claimed, and is sent though it may have arrived, since a person said so.
    ///
    /// - Returns: Whether it had failed.
    @discardableResult
    package func reopen(extract id: UUIDValue, at: Timestamp = .now(), in connection: Connection) throws -> Bool {
        try !reopen(extracts: [id], at: at, in: connection).isEmpty
    }

    /// ``reopen(extract:at:in:)``, of several.
    ///
    /// - Parameter actor: Who said so, as the ledger knows them.
    /// - Returns: Those that had failed.
    @discardableResult
    package func reopen(
        extracts ids: [UUIDValue], by actor: String = "hub", at: Timestamp = .now(), in connection: Connection
    ) throws -> Set<UUIDValue> {
        guard !ids.isEmpty else { return [] }
        let rows = try connection.query(
            """
            WITH failed AS MATERIALIZED (
                SELECT extract
                FROM record.extract_sending
                WHERE extract = ANY (\(ids)) AND state IN ('failed', 'queued', 'sending') AND sealed IS NOT NULL
                ORDER BY extract
                FOR NO KEY UPDATE
            )
            UPDATE record.extract_sending
            SET state = 'queued', queued_at = \(at), finished_at = NULL, failure = NULL, may_repeat = true
            FROM failed JOIN record.extract ON extract.id = failed.extract
            WHERE extract_sending.extract = failed.extract
            RETURNING extract_sending.extract, recipient
            """, name: "record.reopen_extracts"
        ).decode(UUIDValue.self, String.self)
        for (id, recipient) in rows {
            let fields: [LedgerField: String] = [
                .extract: id.description, .recipient: recipient, .state: ExtractState.queued.rawValue, .actor: actor,
            ]
            try append([entry(.shareRequested, at: at, fields)], about: id, in: connection)
            try finishItems(ofExtract: id, by: actor, at: at, in: connection)
        }
        return Set(rows.map(\.0))
    }

    /// Enters that it is unknown how attempts to send extracts ended whose hub has vanished since; then destroys the packages
    /// whose time is over. One that still waited has failed.
    ///
    /// - Parameter after: How long ago they began at least.
    package func endAbandonedExtracts(
        after: Duration, at: Timestamp = .now(), in connection: Connection
    ) throws {
        let abandoned = try connection.query(
            """
            SELECT extract, attempts
            FROM record.extract_sending
            WHERE state = 'sending' AND sent_at <= \(at)::timestamptz - \(after)
                AND NOT EXISTS (
                    SELECT FROM queue.state WHERE state.id = message AND state.lease_until > clock_timestamp()
                )
            FOR UPDATE OF extract_sending SKIP LOCKED
            """, name: "record.abandoned_extracts")
        for (id, attempt) in try abandoned.decode(UUIDValue.self, Int.self) {
            try finish(
                EndedExtract(extract: id, attempt: attempt, outcome: .unknown(code: Self.notToldOfExtract)), at: at,
                in: connection)
        }
        let late = try connection.query(
            """
            SELECT extract
            FROM record.extract_sending
            WHERE expires_at <= \(at) AND sealed IS NOT NULL AND state <> 'sending'
            FOR UPDATE SKIP LOCKED
            """, name: "record.expired_packages")
        for id in try late.decode(UUIDValue.self) {
            try fail(extract: id, code: Self.deadlinePassed, at: at, in: connection)
            try connection.execute(
                "UPDATE record.extract_sending SET \(Self.destroyed) WHERE extract = \(id)",
                name: "record.destroy_package")
        }
    }

    /// Nobody was left to tell.
    private static let notToldOfExtract = "not_told"

    /// It did not leave in time.
    package static let deadlinePassed = "deadline_passed"

    /// Shows staff an extract that is not with its recipient.
    func showFailed(
        _ id: UUIDValue, _ recipient: String, code: String, at: Timestamp, in connection: Connection
    ) throws {
        try add(
            NewWorkItem(kind: .failedExtract, code: code, extract: id, partner: recipient), at: at, in: connection)
    }
}

extension ReleaseOutcome {
    /// Where the extract goes from here.
    fileprivate var state: ExtractState {
        switch self {
        case .delivered: .delivered
        case .retry, .unknown: .queued
        case .rejected: .failed
        }
    }
}
