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

/// How far somebody has read the access cards.
package struct AccessCardMark: Sendable, Hashable {
    /// All transactions below it can be seen.
    var transaction: Int64
    /// When the server began: another's numbers say nothing here.
    var server: Timestamp
}

/// What became of the access cards since somebody read them last.
package struct AccessCardChanges: Sendable {
    /// A card as it stands now, under the id of whoever its person was found to be.
    package struct Card: Sendable {
        package var person: UUIDValue
        package var bytes: [UInt8]
        package var profile: Referral
        package var subject: Subject
    }

    package var cards: [Card] = []
    /// Those of whom there is no card any more, or none that anybody may read.
    package var gone: [UUIDValue] = []
    /// Those whose card cannot be read, though it should.
    package var unreadable: [UUIDValue] = []
    /// Whether these are all there are, because it could not be told what had changed.
    package var isWhole: Bool
    /// From which to read next.
    package var mark: AccessCardMark
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

    /// The access cards that were changed, or with which other things are told, since an earlier look; all, at the first, and
    /// when another server answers than then.
    ///
    /// Of several cards of those who were found to be one person the last that was saved counts.
    ///
    /// - Parameter mark: What the earlier look gave.
    package func accessCardChanges(
        since mark: AccessCardMark?, in connection: Connection
    ) throws -> AccessCardChanges {
        // Before the cards, so that it is never ahead of what they show.
        let (transaction, server) = try connection.query(
            "SELECT pg_snapshot_xmin(pg_current_snapshot()), pg_postmaster_start_time()", name: "access.mark"
        )[0].decode(Int64.self, Timestamp.self)
        let next = AccessCardMark(transaction: transaction, server: server)
        let known = mark.flatMap { $0.server == server && $0.transaction <= transaction ? $0 : nil }
        var changes = AccessCardChanges(isWhole: known == nil, mark: next)
        let changed = try connection.query(
            """
            SELECT person, record.survivor(person)
            FROM access.card
            WHERE changed_in >= (\(String(known?.transaction ?? 0))::text)::xid8
            """, name: "access.changed_cards"
        ).map { try $0.decode(UUIDValue.self, UUIDValue?.self) }
        guard !changed.isEmpty else { return changes }
        let survivors = Set(changed.compactMap(\.1))
        let kept = try connection.query(
            """
            SELECT survivor, person, sealed, wrapped_key
            FROM access.told_cards(\(Array(survivors)))
            """, name: "access.kept_cards"
        ).map { try $0.decode(UUIDValue.self, UUIDValue.self, [UInt8].self, [UInt8].self) }
        var reads = Pipeline()
        let told = kept.map(\.0)
        reads.add("SELECT * FROM access.told_persons(\(told))", name: "access.told_persons")
        reads.add("SELECT * FROM access.told_circumstances(\(told))", name: "access.told_circumstances")
        let results = try connection.pipeline(reads)
        var rows: [UUIDValue: Row] = [:]
        for row in results[0] where try row.value("wrapped_key", as: [UInt8]?.self) != nil {
            rows[try row.value("id", as: UUIDValue.self)] = row
        }
        for (survivor, holder, sealed, wrapped) in kept {
            guard let row = rows[survivor] else { continue }
            // One that cannot be read keeps nobody from the others.
            guard
                let circumstances = try? circumstances(persons: [row], merged: results[1])[survivor],
                let key = try? vault.unwrap(wrapped),
                let bytes = try? vault.open(sealed, with: key, context: Place.accessCard(holder))
            else {
                changes.unreadable.append(survivor)
                continue
            }
            changes.cards.append(
                .init(
                    person: survivor, bytes: bytes, profile: circumstances.profile, subject: circumstances.subject))
        }
        let there = Set(changes.cards.map(\.person))
        changes.gone = Set(changed.flatMap { [$0.0, $0.1].compactMap { $0 } }).subtracting(there).sorted()
        return changes
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
