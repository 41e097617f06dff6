package import Disclosure
import Ledger
package import Postgres
package import Referral
import Vault

/// An access card as it is kept: its document, opened, and who saved it.
package struct KeptAccessCard: Sendable, Hashable {
    package var bytes: [UInt8]
    package var version: Int
    package var savedAt: Timestamp
    package var savedBy: String
}

/// An access card that was changed, or with which other things are told now.
package struct ChangedAccessCard: Sendable {
    package var person: UUIDValue
    /// Nil where there is none any more, or nobody may read it.
    package var content: Content?

    package struct Content: Sendable {
        package var bytes: [UInt8]
        package var profile: Referral
        package var subject: Subject
    }
}

extension CaseStore {
    /// Saves a person's access card in place of the last.
    ///
    /// - Parameter bytes: Its document.
    /// - Returns: Its version, from 1; nil where there is no such person, or its key was destroyed.
    package func saveAccessCard(
        _ bytes: [UInt8], of person: UUIDValue, verifiedOn: CalendarDate, validUntil: CalendarDate,
        at: Timestamp = .now(), by actor: String, in connection: Connection
    ) throws -> Int? {
        guard let key = try key(of: person, in: connection) else { return nil }
        let sealed = vault.seal(bytes, with: key, context: Place.accessCard(person))
        let version = try connection.query(
            """
            INSERT INTO access.card (person, saved_at, version, verified_on, valid_until, saved_by, sealed)
            VALUES (\(person), \(at), 1, \(verifiedOn.iso)::date, \(validUntil.iso)::date, \(actor), \(sealed))
            ON CONFLICT (person) DO UPDATE
            SET saved_at = excluded.saved_at, version = card.version + 1, verified_on = excluded.verified_on,
                valid_until = excluded.valid_until, saved_by = excluded.saved_by, sealed = excluded.sealed,
                is_removed = false, changed_in = pg_current_xact_id()
            RETURNING version
            """, name: "access.save_card"
        )[0].decode(Int32.self)
        try noteCard(person, "saved", at: at, by: actor, in: connection)
        return Int(version)
    }

    /// Removes a person's access card: nobody is told it from now on.
    ///
    /// - Returns: Whether there was one.
    package func removeAccessCard(
        of person: UUIDValue, at: Timestamp = .now(), by actor: String, in connection: Connection
    ) throws -> Bool {
        let removed = try connection.execute(
            """
            UPDATE access.card
            SET is_removed = true, sealed = '', saved_at = \(at), saved_by = \(actor), changed_in = pg_current_xact_id()
            WHERE person = \(person) AND NOT is_removed
            """, name: "access.remove_card")
        guard removed > 0 else { return false }
        try noteCard(person, "removed", at: at, by: actor, in: connection)
        return true
    }

    /// A person's access card, for staff. The look is entered in the ledger.
    package func accessCard(
        of person: UUIDValue, viewedBy actor: String, in connection: Connection
    ) throws -> KeptAccessCard? {
        let rows = try connection.query(
            """
            SELECT sealed, version, saved_at, saved_by
            FROM access.card
            WHERE person = \(person) AND NOT is_removed
            """, name: "access.card")
        guard
            let (sealed, version, savedAt, savedBy) = try rows.first?.decode(
                [UInt8].self, Int32.self, Timestamp.self, String.self), let key = try key(of: person, in: connection)
        else { return nil }
        let fields: [LedgerField: String] = [.person: person.description, .actor: actor]
        try append([entry(.view, fields)], in: connection)
        return KeptAccessCard(
            bytes: try vault.open(sealed, with: key, context: Place.accessCard(person)), version: Int(version),
            savedAt: savedAt, savedBy: savedBy)
    }

    /// The access cards that were changed, or with which other things are told, since an earlier look; all, at the first.
    ///
    /// - Parameter mark: What the earlier look gave.
    /// - Returns: The cards, and the mark of this look: what was not to be seen yet is given at the next.
    package func changedAccessCards(
        since mark: Int64?, in connection: Connection
    ) throws -> (cards: [ChangedAccessCard], mark: Int64) {
        // Before the cards, so that it is never ahead of what they show.
        let next = try connection.query(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())", name: "access.mark"
        )[0].decode(Int64.self)
        let rows = try connection.query(
            """
            SELECT person, is_removed, sealed
            FROM access.card
            WHERE changed_in >= (\(String(mark ?? 0))::text)::xid8
            """, name: "access.changed_cards")
        let sealed = try rows.map { try $0.decode(UUIDValue.self, Bool.self, [UInt8].self) }
        guard !sealed.isEmpty else { return ([], next) }
        var reads = Pipeline()
        addReads(ofCircumstances: "= ANY (\(sealed.map(\.0)))", isLocked: false, to: &reads)
        let results = try connection.pipeline(reads)
        let known = try results[0].filter { try $0.value("wrapped_key", as: [UInt8]?.self) != nil }
        let persons = try circumstances(persons: known, merged: results[1])
        let cards = try sealed.map { person, isRemoved, sealed -> ChangedAccessCard in
            guard !isRemoved, let circumstances = persons[person] else { return ChangedAccessCard(person: person) }
            return ChangedAccessCard(
                person: person,
                content: .init(
                    bytes: try vault.open(sealed, with: circumstances.key, context: Place.accessCard(person)),
                    profile: circumstances.profile, subject: circumstances.subject))
        }
        return (cards, next)
    }

    private func key(of person: UUIDValue, in connection: Connection) throws -> DataKey? {
        try connection.query(
            "SELECT wrapped_key FROM record.person_key WHERE person = \(person)", name: "record.key_of_person"
        ).first.map { try vault.unwrap($0.decode([UInt8].self)) }
    }

    private func noteCard(
        _ person: UUIDValue, _ state: String, at: Timestamp, by actor: String, in connection: Connection
    ) throws {
        let fields: [LedgerField: String] = [.person: person.description, .state: state, .actor: actor]
        try append([entry(.accessCardChanged, at: at, fields)], in: connection)
    }
}
