import Ledger
package import Postgres

extension CaseStore {
    /// Lets a failed share wait again, because its message was brought back from the dead letters.
    ///
    /// It rests on no earlier permit: it is judged when it is claimed for sending. What may have arrived before is sent
    /// again, since a person said so.
    ///
    /// - Returns: Whether it had failed.
    @discardableResult
    package func reopen(_ id: UUIDValue, at: Timestamp = .now(), in connection: Connection) throws -> Bool {
        let rows = try connection.query(
            """
            UPDATE record.share
            SET state = 'queued', queued_at = \(at), finished_at = NULL, failure = NULL, may_repeat = true
            WHERE id = \(id) AND state = 'failed'
            RETURNING person, recipient
            """, name: "record.reopen_share")
        guard let (person, recipient) = try rows.first?.decode(UUIDValue.self, String.self) else { return false }
        let fields: [LedgerField: String] = [
            .share: id.description, .person: person.description, .recipient: recipient,
            .state: ShareState.queued.rawValue, .actor: "hub",
        ]
        try append([entry(.shareRequested, at: at, fields)], in: connection)
        return true
    }
}
