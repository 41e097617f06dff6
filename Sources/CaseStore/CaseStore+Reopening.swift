import Ledger
package import Postgres

extension CaseStore {
    /// Lets a failed share wait again, because its message was brought back from the dead letters.
    ///
    /// - Returns: Whether it had failed.
    @discardableResult
    package func reopen(_ id: UUIDValue, at: Timestamp = .now(), in connection: Connection) throws -> Bool {
        try !reopen([id], at: at, in: connection).isEmpty
    }

    /// Lets failed shares wait again, because their messages were brought back from the dead letters.
    ///
    /// They rest on no earlier permit: each is judged when it is claimed for sending. What may have arrived before is sent
    /// again, since a person said so.
    ///
    /// - Parameter actor: Who said so, as the ledger knows them.
    /// - Returns: Those that had failed.
    package func reopen(
        _ ids: [UUIDValue], by actor: String = "hub", at: Timestamp = .now(), in connection: Connection
    ) throws -> Set<UUIDValue> {
        guard !ids.isEmpty else { return [] }
        // Held in the order of their ids, so that two who bring back some of the same do not wait for each other.
        let rows = try connection.query(
            """
            WITH failed AS MATERIALIZED (
                SELECT id FROM record.share WHERE id = ANY (\(ids)) AND state = 'failed' ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE record.share
            SET state = 'queued', queued_at = \(at), finished_at = NULL, failure = NULL, may_repeat = true
            FROM failed
            WHERE share.id = failed.id
            RETURNING share.id, person, recipient
            """, name: "record.reopen_shares"
        ).decode(UUIDValue.self, UUIDValue.self, String.self)
        let entries = rows.map { share, person, recipient in
            entry(
                .shareRequested, at: at,
                [
                    .share: share.description, .person: person.description, .recipient: recipient,
                    .state: ShareState.queued.rawValue, .actor: actor,
                ])
        }
        try append(entries, in: connection)
        return Set(rows.map(\.0))
    }
}
