import Ledger
package import Postgres

extension CaseStore {
    /// Lets a share wait again, because its message was brought back from the dead letters.
    ///
    /// - Returns: Whether it had failed, or was about to be shown as failed.
    @discardableResult
    package func reopen(_ id: UUIDValue, at: Timestamp = .now(), in connection: Connection) throws -> Bool {
        try !reopen([id], at: at, in: connection).isEmpty
    }

    /// Lets shares wait again, because their messages were brought back from the dead letters: those that have failed, and those
    /// of which nobody has yet noticed that their message died. What staff were to do about them is done with.
    ///
    /// They rest on no earlier permit: each is judged when it is claimed for sending. What may have arrived before is sent
    /// again, since a person said so. One whose person was found to be one with another since is left as it is: what was
    /// permitted or approved was so for another picture, and it must be asked for anew.
    ///
    /// - Parameter actor: Who said so, as the ledger knows them.
    /// - Returns: Those that wait again.
    package func reopen(
        _ ids: [UUIDValue], by actor: String = "hub", at: Timestamp = .now(), in connection: Connection
    ) throws -> Set<UUIDValue> {
        guard !ids.isEmpty else { return [] }
        // Held in the order of their ids, so that two who bring back some of the same do not wait for each other.
        let rows = try connection.query(
            """
            WITH failed AS MATERIALIZED (
                SELECT id
                FROM record.share
                WHERE id = ANY (\(ids)) AND state IN ('failed', 'queued', 'sending')
                    AND NOT EXISTS (
                        SELECT
                        FROM record.members(record.survivor(share.person)) AS member (id) JOIN record.person USING (id)
                        WHERE person.merged_at > share.requested_at
                    )
                ORDER BY id
                FOR NO KEY UPDATE
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
        if !rows.isEmpty {
            try connection.execute(
                finishingItems(rows.map(\.0), by: actor, at: at), name: "record.finish_items_of_shares")
        }
        return Set(rows.map(\.0))
    }

    /// Ends what staff were to do about messages that were set aside, since they were brought back.
    package func finishItems(
        ofDeadLetters messages: [Int64], by actor: String, at: Timestamp = .now(), in connection: Connection
    ) throws {
        try connection.execute(
            """
            UPDATE record.work_item
            SET state = 'done', done_at = \(at), done_by = \(actor)
            WHERE message = ANY (\(messages)) AND kind = 'dead_letter' AND state = 'open'
            """, name: "record.finish_items_of_dead_letters")
    }

    /// Holds what a dead letter stood for, so that nobody brings it back meanwhile.
    package func hold(share id: UUIDValue, in connection: Connection) throws {
        _ = try connection.query(
            "SELECT FROM record.share WHERE id = \(id) FOR NO KEY UPDATE", name: "record.hold_share")
    }

    /// ``hold(share:in:)``, of an extract.
    package func hold(extract id: UUIDValue, in connection: Connection) throws {
        _ = try connection.query(
            "SELECT FROM record.extract_sending WHERE extract = \(id) FOR NO KEY UPDATE", name: "record.hold_extract")
    }
}
