package import Postgres

extension CaseStore {
    /// What staff have noted of dead letters.
    ///
    /// - Parameters:
    ///   - queue: Of this queue; left alone, of any.
    ///   - fingerprint: Of this cause; left alone, of any.
    package func deadLetterNotes(
        of queue: String? = nil, fingerprint: Int64? = nil, in connection: Connection
    ) throws -> [DeadLetterNote] {
        try connection.query(
            """
            SELECT queue, fingerprint, owner, note, changed_at, changed_by
            FROM record.dead_letter_note
            WHERE (\(queue)::text IS NULL OR queue = \(queue)) AND (\(fingerprint)::bigint IS NULL OR fingerprint = \(fingerprint))
            """, name: "record.dead_letter_notes"
        ).map { row in
            let (queue, fingerprint, owner, note, changedAt, changedBy) = try row.decode(
                String.self, Int64.self, String?.self, String.self, Timestamp.self, String.self)
            return DeadLetterNote(
                queue: queue, fingerprint: fingerprint, owner: owner, note: note, changedAt: changedAt,
                changedBy: changedBy)
        }
    }

    /// Says who looks after the dead letters of one queue and cause.
    ///
    /// - Parameters:
    ///   - owner: Nil where nobody does.
    ///   - actor: Who says so.
    package func setOwner(
        _ owner: String?, ofDeadLettersIn queue: String, fingerprint: Int64, by actor: String, in connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO record.dead_letter_note (queue, fingerprint, owner, changed_by)
            VALUES (\(queue), \(fingerprint), \(owner), \(actor))
            ON CONFLICT (queue, fingerprint)
            DO UPDATE SET owner = excluded.owner, changed_by = excluded.changed_by, changed_at = now()
            """, name: "record.own_dead_letters")
    }

    /// Puts a note in the place of the one that there is. It is for staff's words about the cause, and no place for a person's.
    ///
    /// - Parameter note: At most ``DeadLetterNote/longest`` characters; empty for none.
    package func setNote(
        _ note: String, ofDeadLettersIn queue: String, fingerprint: Int64, by actor: String, in connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO record.dead_letter_note (queue, fingerprint, note, changed_by)
            VALUES (\(queue), \(fingerprint), \(note), \(actor))
            ON CONFLICT (queue, fingerprint)
            DO UPDATE SET note = excluded.note, changed_by = excluded.changed_by, changed_at = now()
            """, name: "record.note_dead_letters")
    }
}
