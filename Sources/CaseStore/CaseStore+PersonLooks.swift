import Ledger
package import Postgres
package import Referral
import Vault

/// A control room's look as far as it was at one person: nothing of whom else it found, and nothing of who asked there.
package struct PersonLook: Sendable, Hashable {
    package var id: UUIDValue
    package var at: Timestamp
    package var kind: EmergencyLook.Kind
    package var outcome: EmergencyLook.Outcome
    /// The control room's id in the register.
    package var caller: String
    /// What was told of the person; nothing where it was refused.
    package var released: Set<FieldGroup>
    /// Whether a duty officer has looked into it.
    package var isReviewed: Bool
    /// The control room's reference of the incident; nil once somebody whom the look found was erased.
    package var incident: String?
    /// Whether staff asked for a control room that had phoned; nil as above.
    package var isByPhone: Bool?
    /// Whether nobody knows who asked at the control room's computer, as nobody could be signed in there.
    package var isUnproved: Bool
}

extension CaseStore {
    /// The looks of control rooms at a person, and at all who were found to be the same, the latest first.
    ///
    /// What is read is entered in the ledger.
    ///
    /// - Parameter before: The last of the page before.
    /// - Returns: Nothing when there is no such person.
    package func looks(
        at person: UUIDValue, before: UUIDValue? = nil, limit: Int, viewedBy actor: String, in connection: Connection
    ) throws -> [PersonLook]? {
        let members = try members(of: person, in: connection)
        guard !members.isEmpty else { return nil }
        let rows = try connection.query(
            """
            SELECT
                look.id, look.at, kind, outcome, caller, reviewed_at IS NOT NULL AS is_reviewed, is_unproved,
                wrapped_key, sealed, told.released
            FROM access.look
            -- Of two who were found by one look, and to be one person since, what was told of either was told of them.
            JOIN (
                SELECT look, string_agg(released, ' ') AS released
                FROM access.looked_at
                WHERE person = ANY (\(members))
                GROUP BY look
            ) AS told ON told.look = look.id
            WHERE \(before == nil)
                OR (look.at, look.id) < (SELECT last.at, last.id FROM access.look AS last WHERE last.id = \(before))
            ORDER BY look.at DESC, look.id DESC
            LIMIT \(limit)
            """, name: "access.looks_at_person")
        let looks = try rows.map(personLook)
        let fields: [LedgerField: String] = [.person: person.description, .actor: actor]
        let entries = looks.map { look in entry(.view, fields.merging([.look: look.id.description]) { $1 }) }
        try append(entries.isEmpty ? [entry(.view, fields)] : entries, in: connection)
        return looks
    }

    /// Whether a look was at a person, or at one who was found to be the same.
    package func isLook(_ look: UUIDValue, at person: UUIDValue, in connection: Connection) throws -> Bool {
        let members = try members(of: person, in: connection)
        return try connection.query(
            """
            SELECT FROM access.looked_at
            WHERE look = \(look) AND person = ANY (\(members))
            LIMIT 1
            """, name: "access.is_look_at_person"
        ).first != nil
    }

    private func personLook(_ row: Row) throws -> PersonLook {
        let id = try row.value("id", as: UUIDValue.self)
        var details: Value?
        if let wrapped = try row.value("wrapped_key", as: [UInt8]?.self) {
            details = try StrictJSON.parse(
                vault.open(row.value("sealed"), with: vault.unwrap(wrapped), context: Place.look(id)))
        }
        let released = try row.value("released", as: String.self)
        return PersonLook(
            id: id, at: try row.value("at"), kind: try row.value("kind"), outcome: try row.value("outcome"),
            caller: try row.value("caller"),
            released: Set(released.split(separator: " ").compactMap { FieldGroup(rawValue: String($0)) }),
            isReviewed: try row.value("is_reviewed"), incident: details?["incident_ref"]?.stringValue,
            isByPhone: details.map { $0["call"] != nil }, isUnproved: try row.value("is_unproved"))
    }
}
