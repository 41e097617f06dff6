import Ledger
package import Postgres

extension CaseStore {
    /// Enters that a share which the channel had taken did not reach its recipient after all: it has failed, and staff
    /// see it. Told again, nothing changes.
    ///
    /// - Parameters:
    ///   - reference: The channel's own id of the message that it returns. One that is not the share's is of a message
    ///     that was doubled, and says nothing about the share.
    ///   - code: Why, as a code word.
    /// - Returns: Whether the share and the message are known.
    package func returned(
        _ id: UUIDValue, reference: String?, code: String, at: Timestamp = .now(), in connection: Connection
    ) throws -> Bool {
        let shares = try connection.query(
            """
            SELECT state, person, recipient, attempts
            FROM record.share
            WHERE id = \(id) AND attempts > 0
                AND (reference IS NULL OR reference = coalesce(\(reference), reference))
            FOR UPDATE
            """, name: "record.lock_returned_share")
        guard
            let (state, person, recipient, attempt) = try shares.first?.decode(
                ShareState.self, UUIDValue.self, String.self, Int.self)
        else { return false }
        guard [.queued, .sending, .delivered].contains(state) else { return true }
        let fields: [LedgerField: String] = [
            .share: id.description, .person: person.description, .recipient: recipient, .attempt: String(attempt),
            .outcome: "rejected", .reason: code, .state: ShareState.failed.rawValue, .actor: "hub",
        ]
        let item = NewWorkItem(kind: .failedShare, code: code, person: person, share: id, partner: recipient)
        var writes = Pipeline()
        writes.add(
            """
            UPDATE record.share
            SET state = 'failed', finished_at = \(at), failure = \(code)
            WHERE id = \(id)
            """, name: "record.return_share")
        writes.add(
            """
            UPDATE record.share_attempt
            SET outcome = 'rejected', code = \(code), finished_at = \(at)
            WHERE share = \(id) AND attempt = \(attempt)
            """, name: "record.return_attempt")
        writes.add(
            """
            UPDATE record.acknowledgement
            SET state = 'refused', told_at = \(at), told_by = \(AcknowledgementTold.channel), code = \(code),
                look_at = NULL, close_at = \(Self.closing(at: at))
            WHERE share = \(id)
            """, name: "record.return_acknowledgement")
        writes.add(appending([entry(.releaseOutcome, at: at, fields)]), name: "ledger.append")
        writes.add(adding([(item, at)]), name: "record.add_work_items")
        _ = try connection.pipeline(writes)
        return true
    }
}
