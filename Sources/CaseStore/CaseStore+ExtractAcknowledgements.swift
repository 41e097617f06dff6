import Ledger
package import Postgres

extension CaseStore {
    /// Enters what was told about a delivered extract. A repeat changes nothing; another word replaces the one before.
    ///
    /// Who says what becomes of one of which it was unknown whether it arrived, has it: then it counts as delivered, and its
    /// package is destroyed.
    ///
    /// - Returns: Whether the extract was sent.
    @discardableResult
    package func acknowledge(
        extract id: UUIDValue, _ told: AcknowledgementTold, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            """
            SELECT recipient, acknowledged, failure
            FROM record.extract_sending JOIN record.extract ON extract.id = extract_sending.extract
            WHERE extract.id = \(id)
                AND (state = 'delivered' OR state = 'failed' AND coalesce(extract_sending.outcome, 'unknown') = 'unknown'
                    AND attempts > 0)
            FOR UPDATE OF extract_sending
            """, name: "record.lock_acknowledged_extract")
        guard
            let (recipient, known, code) = try rows.first?.decode(
                String.self, AcknowledgementState?.self, String?.self)
        else { return false }
        let state = told.verdict.state
        guard known != state || code != told.code else { return true }
        try connection.execute(
            """
            UPDATE record.extract_sending
            SET state = 'delivered', acknowledged = \(state.rawValue)::record.acknowledgement_state, told_at = \(at),
                told_by = \(told.by), failure = \(told.code), look_at = NULL, has_left = true,
                acknowledgement = coalesce(acknowledgement, 'manual'), awaited_since = coalesce(awaited_since, \(at)),
                due_at = coalesce(due_at, \(at)), \(Self.destroyed)
            WHERE extract = \(id)
            """, name: "record.acknowledge_extract")
        var fields: [LedgerField: String] = [
            .extract: id.description, .recipient: recipient, .outcome: state.rawValue, .actor: told.by,
        ]
        fields[.reason] = told.code
        try append([entry(.shareAcknowledged, at: at, fields)], about: id, in: connection)
        try finishItems(ofExtract: id, by: told.by, at: at, in: connection)
        guard told.verdict == .refused else { return true }
        try add(
            NewWorkItem(kind: .refusedExtract, code: told.code ?? "refused", extract: id, partner: recipient), at: at,
            in: connection)
        return true
    }

    /// Enters that an extract which the channel had taken did not reach its recipient after all, or was taken out of the
    /// channel before: staff see it. Told again, nothing changes.
    ///
    /// - Parameters:
    ///   - reference: The channel's own id of what it returns; that of another message says nothing about the extract.
    ///   - code: Why, as a code word.
    ///   - isTakenBack: Whether the hub took it out, since it might no longer stay there.
    /// - Returns: Whether the extract was sent.
    @discardableResult
    package func returned(
        extract id: UUIDValue, reference: String?, code: String, isTakenBack: Bool = false, at: Timestamp = .now(),
        in connection: Connection
    ) throws -> Bool {
        let state: ExtractState = isTakenBack ? .stale : .failed
        let rows = try connection.query(
            """
            UPDATE record.extract_sending
            SET state = \(state.rawValue)::record.extract_state, finished_at = \(at), failure = \(code), look_at = NULL,
                outcome = 'rejected', acknowledged = 'refused', told_at = \(at),
                told_by = \(AcknowledgementTold.channel),
                acknowledgement = coalesce(acknowledgement, 'manual'), awaited_since = coalesce(awaited_since, \(at)),
                due_at = coalesce(due_at, \(at))
            FROM record.extract
            WHERE extract_sending.extract = \(id) AND extract.id = \(id) AND state = 'delivered'
                AND reference = coalesce(\(reference), reference)
            RETURNING recipient, attempts
            """, name: "record.return_extract")
        guard let (recipient, attempt) = try rows.first?.decode(String.self, Int.self) else {
            return try isSentExtract(id, in: connection)
        }
        let fields: [LedgerField: String] = [
            .extract: id.description, .recipient: recipient, .attempt: String(attempt),
            .outcome: isTakenBack ? "taken_back" : "rejected", .reason: code, .state: state.rawValue, .actor: "hub",
        ]
        try append([entry(.releaseOutcome, at: at, fields)], about: id, in: connection)
        try finishItems(ofExtract: id, by: AcknowledgementTold.channel, at: at, in: connection)
        try showFailed(id, recipient, code: code, at: at, in: connection)
        return true
    }

    /// Delivered extracts to a recipient, or to the members of a kind, whose channels are due to be asked: as
    /// ``takeTracked(of:shortest:longest:limit:at:in:)`` for shares.
    package func takeTrackedExtracts(
        of recipient: String, shortest: Duration, longest: Duration, at: Timestamp = .now(), in connection: Connection
    ) throws -> [TrackedExtract] {
        try connection.query(
            """
            WITH due AS (
                SELECT extract_sending.extract, extract.recipient, channel
                FROM record.extract_sending
                JOIN record.extract ON extract.id = extract_sending.extract
                JOIN record.extract_project project
                    ON project.recipient = extract.recipient AND project.id = extract.project
                WHERE look_at <= \(at)
                    AND \(recipient) IN (extract.recipient, split_part(extract.recipient, ':', 1))
                ORDER BY look_at
                LIMIT 8
                FOR UPDATE OF extract_sending SKIP LOCKED
            )
            UPDATE record.extract_sending
            SET look_at = \(at)::timestamptz
                + least(\(longest), greatest(\(shortest), (\(at)::timestamptz - awaited_since) / 4))
            FROM due
            WHERE extract_sending.extract = due.extract
            RETURNING extract_sending.extract, recipient, channel, acknowledgement, reference
            """, name: "record.take_tracked_extracts"
        ).map { row in
            let (extract, recipient, channel, kind, reference) = try row.decode(
                UUIDValue.self, String.self, String.self, AcknowledgementKind.self, String.self)
            return TrackedExtract(
                extract: extract, recipient: recipient, channel: channel, kind: kind, reference: reference)
        }
    }

    /// Stops asking the channel about an extract: it can tell nothing more.
    package func endTracking(extract id: UUIDValue, in connection: Connection) throws {
        try connection.execute(
            "UPDATE record.extract_sending SET look_at = NULL WHERE extract = \(id)",
            name: "record.end_extract_tracking")
    }

    /// Makes a work item of each extract whose acknowledgement is late, once.
    package func showLateExtracts(at: Timestamp = .now(), in connection: Connection) throws {
        let rows = try connection.query(
            """
            UPDATE record.extract_sending
            SET shown_late_at = \(at)
            FROM record.extract
            WHERE extract.id = extract_sending.extract
                AND due_at <= \(at) AND acknowledged = 'waiting' AND shown_late_at IS NULL
            RETURNING extract.id, recipient, acknowledgement
            """, name: "record.show_late_extracts")
        let items = try rows.map { row in
            let (id, recipient, kind) = try row.decode(UUIDValue.self, String.self, AcknowledgementKind.self)
            return NewWorkItem(kind: .lateAcknowledgement, code: kind.rawValue, extract: id, partner: recipient)
        }
        try add(items, at: at, in: connection)
    }
}
