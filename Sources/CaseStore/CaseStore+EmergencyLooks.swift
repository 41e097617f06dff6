import Disclosure
import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Enters looks that nodes have written down, each once however often it is brought.
    ///
    /// - Parameters:
    ///   - node: Which node answered.
    ///   - within: How long after it a look is to be reviewed.
    /// - Returns: Those that were not here yet.
    package func enter(
        _ looks: [EmergencyLook], node: String, reviewed within: Duration, at: Timestamp = .now(),
        in connection: Connection
    ) throws -> [EmergencyLook] {
        guard !looks.isEmpty else { return [] }
        let sealed = looks.map { look -> (incident: [UInt8], wrapped: [UInt8], sealed: [UInt8]) in
            let (key, wrapped) = vault.newDataKey()
            return (
                vault.blindIndex(.incident, look.caller + " " + look.incident), wrapped,
                vault.seal(StrictJSON.write(look.details), with: key, context: Place.look(look.id))
            )
        }
        let found = looks.flatMap { look in look.found.map { (look: look.id, found: $0) } }
        let added = Set<UUIDValue>(
            try connection.query(
                """
                WITH brought AS (
                    SELECT *
                    FROM unnest(
                        \(looks.map(\.id)), \(looks.map(\.at)), \(looks.map { $0.at + within }),
                        \(looks.map(\.kind.rawValue)), \(looks.map(\.outcome.rawValue)), \(looks.map(\.isOffline)),
                        \(looks.map(\.isUnproved)), \(looks.map(\.caller)), \(sealed.map(\.incident)), \(sealed.map(\.wrapped)),
                        \(sealed.map(\.sealed))
                    ) AS brought (id, at, review_by, kind, outcome, is_offline, is_unproved, caller, incident, wrapped, sealed)
                ), found AS (
                    SELECT *
                    FROM unnest(
                        \(found.map(\.look)), \(found.map(\.found.person)),
                        \(found.map { Self.names($0.found.released) }), \(found.map { $0.found.refusal?.rawValue })
                    ) AS found (look, person, released, reason)
                ), code AS (
                    -- Codes that are given, here and before.
                    SELECT brought.id, at, incident, person
                    FROM brought JOIN found ON found.look = brought.id
                    WHERE kind = 'reveal' AND outcome = 'card'
                ), entered AS (
                    INSERT INTO access.look (
                        id, at, entered_at, review_by, kind, outcome, is_offline, is_unproved, is_repeated, caller, node,
                        incident_index, wrapped_key, sealed
                    )
                    SELECT
                        id, at, \(at), review_by, kind::access.look_kind, outcome::access.look_outcome, is_offline, is_unproved,
                        EXISTS (
                            SELECT
                            FROM code JOIN code AS before USING (incident, person)
                            WHERE code.id = brought.id AND (before.at, before.id) < (code.at, code.id)
                        ) OR EXISTS (
                            SELECT
                            FROM code
                            JOIN access.look AS before ON before.incident_index = code.incident
                            JOIN access.looked_at ON looked_at.look = before.id AND looked_at.person = code.person
                            WHERE code.id = brought.id
                                AND before.kind = 'reveal'
                                AND before.outcome = 'card'
                                AND before.at <= code.at
                        ),
                        caller, \(node), incident, wrapped, sealed
                    FROM brought
                    ON CONFLICT DO NOTHING
                    RETURNING id
                ), told AS (
                    INSERT INTO access.looked_at (look, person, released, reason)
                    SELECT found.*
                    FROM found JOIN entered ON entered.id = found.look
                    ON CONFLICT DO NOTHING
                )
                SELECT id FROM entered
                """, name: "access.enter_looks"
            ).decode(UUIDValue.self))
        let new = looks.filter { added.contains($0.id) }
        let entries = new.flatMap { look in look.entries.map { entry(.emergencyLook, at: look.at, $0) } }
        try append(entries, in: connection)
        try askForReview(of: new, within: within, at: at, in: connection)
        for (caller, looks) in Dictionary(grouping: new, by: \.caller).sorted(by: { $0.key < $1.key }) {
            try warn(of: caller, for: looks.map(\.at), at: at, in: connection)
        }
        return new
    }

    private static func names(_ groups: Set<FieldGroup>) -> String {
        groups.map(\.rawValue).sorted().joined(separator: " ")
    }

    /// So many persons by one caller within so long is what a control room does in a flood, and a thief on any day: staff are
    /// told, and nothing is held up.
    private static let many = 30
    private static let window = Duration.seconds(600)

    /// Whom nobody knows counts too: numbers may be tried out.
    private func warn(of caller: String, for moments: [Timestamp], at: Timestamp, in connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO record.work_item (id, created_at, due_at, kind, code, partner)
            SELECT \(UUIDValue.v7()), \(at), \(at), 'emergency_alarm', 'many_persons', \(caller)
            WHERE NOT EXISTS (
                SELECT FROM record.work_item
                WHERE kind = 'emergency_alarm' AND partner = \(caller) AND state = 'open'
            )
            AND EXISTS (
                SELECT
                FROM unnest(\(moments)) AS moment
                WHERE \(Self.many) <= (
                    SELECT count(DISTINCT coalesce(looked_at.person, look.id))
                    FROM access.look LEFT JOIN access.looked_at ON looked_at.look = look.id
                    WHERE look.caller = \(caller) AND look.at > moment - \(Self.window) AND look.at <= moment
                )
            )
            """, name: "access.warn")
    }

    private func askForReview(
        of looks: [EmergencyLook], within: Duration, at: Timestamp, in connection: Connection
    ) throws {
        guard !looks.isEmpty else { return }
        try connection.execute(
            """
            INSERT INTO record.work_item (id, person, look, created_at, due_at, kind, code, partner)
            SELECT id, person, look, \(at), due_at, 'emergency_look', code, partner
            FROM unnest(
                \(looks.map { _ in UUIDValue.v7() }), \(looks.map { $0.found.count == 1 ? $0.found[0].person : nil }),
                \(looks.map(\.id)), \(looks.map { $0.at + within }),
                \(looks.map(\.reviewCode)), \(looks.map(\.caller))
            ) AS item (id, person, look, due_at, code, partner)
            """, name: "access.ask_for_review")
    }

    /// Looks, those to be reviewed soonest first; or all, the latest first.
    ///
    /// What is read is entered in the ledger.
    package func looks(
        unreviewed: Bool, limit: Int, viewedBy actor: String, in connection: Connection
    ) throws -> [ReviewedLook] {
        let order: SQL = unreviewed ? "review_by, look.id" : "look.at DESC, look.id"
        let rows = try connection.query(
            """
            SELECT \(Self.lookColumns)
            FROM access.look
            WHERE reviewed_at IS NULL OR \(!unreviewed)
            ORDER BY \(order)
            LIMIT \(limit)
            """, name: unreviewed ? "access.unreviewed_looks" : "access.looks")
        let looks = try rows.map(look)
        try append(looks.flatMap { views(of: $0, by: actor) }, in: connection)
        return looks
    }

    /// One look, with whom it found and what was told of each; that it was read is entered in the ledger.
    package func look(
        _ id: UUIDValue, viewedBy actor: String, in connection: Connection
    ) throws -> (look: ReviewedLook, found: [EmergencyLook.Found])? {
        let rows = try connection.query(
            "SELECT \(Self.lookColumns) FROM access.look WHERE id = \(id)", name: "access.look")
        guard let look = try rows.first.map(look) else { return nil }
        let found = try connection.query(
            "SELECT person, released, reason FROM access.looked_at WHERE look = \(id) ORDER BY person",
            name: "access.found_by_look"
        ).map { row in
            let (person, released, reason) = try row.decode(UUIDValue.self, String.self, String?.self)
            return EmergencyLook.Found(
                person: person,
                released: Set(released.split(separator: " ").compactMap { FieldGroup(rawValue: String($0)) }),
                refusal: reason.flatMap(ReasonCode.init))
        }
        try append(views(of: look, by: actor), in: connection)
        return (look, found)
    }

    /// What ``look(_:)`` reads.
    private static let lookColumns: SQL = """
        look.id, look.at, review_by, reviewed_at, reviewed_by, kind, outcome, caller, is_offline, is_repeated, is_unproved,
        wrapped_key, sealed, sealed_note,
        ARRAY (SELECT person FROM access.looked_at WHERE looked_at.look = look.id ORDER BY person) AS persons
        """

    /// That somebody looked at a look: an entry for each person whom it found.
    private func views(of look: ReviewedLook, by actor: String) -> [LedgerEntry] {
        let fields: [LedgerField: String] = [.look: look.id.description, .actor: actor]
        guard !look.persons.isEmpty else { return [entry(.view, fields)] }
        return look.persons.map { entry(.view, fields.merging([.person: $0.description]) { $1 }) }
    }

    private func look(_ row: Row) throws -> ReviewedLook {
        let id = try row.value("id", as: UUIDValue.self)
        var (details, note): (Value, String?) = (.null, nil)
        if let wrapped = try row.value("wrapped_key", as: [UInt8]?.self) {
            let key = try vault.unwrap(wrapped)
            details = try StrictJSON.parse(vault.open(row.value("sealed"), with: key, context: Place.look(id)))
            note = try row.value("sealed_note", as: [UInt8]?.self).map {
                String(decoding: try vault.open($0, with: key, context: Place.lookNote(id)), as: UTF8.self)
            }
        }
        return ReviewedLook(
            id: id, at: try row.value("at"), reviewBy: try row.value("review_by"),
            reviewedAt: try row.value("reviewed_at"), reviewedBy: try row.value("reviewed_by"),
            kind: try row.value("kind"), outcome: try row.value("outcome"), caller: try row.value("caller"),
            isOffline: try row.value("is_offline"), isRepeated: try row.value("is_repeated"),
            isUnproved: try row.value("is_unproved"), persons: try row.value("persons"),
            details: details, note: note)
    }

    /// Enters that somebody has looked into a look, and what they found.
    ///
    /// - Returns: False where there is no such look, or somebody has before.
    package func review(
        look id: UUIDValue, note: String, at: Timestamp = .now(), by actor: String, in connection: Connection
    ) throws -> Bool {
        let rows = try connection.query(
            "SELECT wrapped_key FROM access.look WHERE id = \(id) AND reviewed_at IS NULL FOR UPDATE",
            name: "access.look_to_review")
        guard let wrapped = try rows.first?.decode([UInt8]?.self) else { return false }
        let sealed = try wrapped.map {
            vault.seal(Array(note.utf8), with: try vault.unwrap($0), context: Place.lookNote(id))
        }
        try connection.execute(
            """
            UPDATE access.look
            SET reviewed_at = \(at), reviewed_by = \(actor), sealed_note = \(sealed)
            WHERE id = \(id)
            """, name: "access.review_look")
        try connection.execute(
            """
            UPDATE record.work_item
            SET state = 'done', done_at = \(at), done_by = \(actor)
            WHERE look = \(id) AND state = 'open'
            """, name: "access.end_review_item")
        let persons: [UUIDValue] = try connection.query(
            "SELECT person FROM access.looked_at WHERE look = \(id)", name: "access.persons_of_look"
        ).decode(UUIDValue.self)
        var fields: [LedgerField: String] = [.look: id.description, .actor: actor, .state: "reviewed"]
        if persons.count == 1 { fields[.person] = persons[0].description }
        try append([entry(.emergencyLook, at: at, fields)], in: connection)
        return true
    }
}

extension EmergencyLook {
    /// What its review is about, in a word.
    fileprivate var reviewCode: String {
        (kind == .reveal ? "reveal" : outcome.rawValue) + (isUnproved ? "_unproved" : "")
    }

    /// What the ledger has of it: an entry for each person, or one where there was none.
    fileprivate var entries: [[LedgerField: String]] {
        var fields: [LedgerField: String] = [
            .look: id.description, .actor: caller, .recipient: caller, .purpose: Purpose.emergency.rawValue,
            .stage: kind.rawValue, .outcome: outcome.rawValue, .policyVersion: policyVersion,
            .state: isOffline ? "offline" : "online",
        ]
        guard !found.isEmpty else { return [fields] }
        return found.map { found in
            fields[.person] = found.person.description
            fields[.released] = found.released.map(\.rawValue).sorted().joined(separator: " ")
            fields[.reason] = found.refusal?.rawValue
            return fields
        }
    }
}
