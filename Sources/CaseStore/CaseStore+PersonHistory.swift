import FoundationEssentials
import Ledger
package import Postgres

/// That somebody looked at something of a person's, in ids and code words.
package struct PersonView: Sendable, Hashable {
    /// Of the ledger's entry.
    package var id: UUIDValue
    package var at: Timestamp
    package var actor: String
    /// Of what was looked at; nothing for the person.
    package var referral: UUIDValue?
    package var share: UUIDValue?
    package var look: UUIDValue?
    package var submission: UUIDValue?
    /// Where it was at more than one thing: as `search`.
    package var part: String?
    /// The place of one value that was shown, and the code word and the ticket that say why.
    package var field: String?
    package var reason: String?
    package var reference: String?
    /// Whom a share would tell that nobody had asked for yet.
    package var recipient: String?
}

extension CaseStore {
    /// The shares about a person and about all who were found to be the same, the newest first.
    ///
    /// - Parameters:
    ///   - wereSent: Whether only those that were delivered, or of which an attempt was made.
    ///   - before: The last of the page before.
    package func sharesOfAll(
        of person: UUIDValue, wereSent: Bool = false, before: UUIDValue? = nil, limit: Int, in connection: Connection
    ) throws -> [Share] {
        let sent: SQL = wereSent ? "AND (state = 'delivered' OR attempts > 0)" : ""
        return try connection.query(
            """
            SELECT \(Share.columns)
            FROM record.share
            WHERE person = ANY (ARRAY (SELECT record.members(\(person))))
                AND id < coalesce(\(before), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                \(sent)
            ORDER BY id DESC
            LIMIT \(limit)
            """, name: wereSent ? "record.shares_sent_of" : "record.shares_of_all"
        ).map(Share.init)
    }

    /// Who looked at persons, as the ledger has it, the latest first.
    ///
    /// - Parameters:
    ///   - persons: One, and all who were found to be the same.
    ///   - before: The entry that was the last of the page before.
    package func views(
        of persons: [UUIDValue], before: UUIDValue? = nil, limit: Int, in connection: Connection
    ) throws -> [PersonView] {
        let rows = try connection.query(
            """
            SELECT id, at, bytes
            FROM ledger.entry
            WHERE person = ANY (\(persons))
                AND kind = 'view'
                AND (\(before == nil) OR (at, id) < (SELECT last.at, last.id FROM ledger.entry AS last WHERE last.id = \(before)))
            ORDER BY at DESC, id DESC
            LIMIT \(limit)
            """, name: "ledger.views_of")
        return try rows.map { row in
            let (id, at, bytes) = try row.decode(UUIDValue.self, Timestamp.self, [UInt8]?.self)
            let said = bytes.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) } ?? [:]
            func named(_ field: LedgerField) -> UUIDValue? { said[field.rawValue].flatMap(UUIDValue.init) }
            return PersonView(
                id: id, at: at, actor: said[LedgerField.actor.rawValue] ?? "", referral: named(.referral),
                share: named(.share), look: named(.look), submission: named(.submission),
                part: said[LedgerField.part.rawValue], field: said[LedgerField.field.rawValue],
                reason: said[LedgerField.reason.rawValue], reference: said[LedgerField.reference.rawValue],
                recipient: said[LedgerField.recipient.rawValue])
        }
    }

    /// Enters that whoever may ask for a share looked at what it would tell, before asking.
    package func enterView(before request: ShareRequest, in connection: Connection) throws {
        let fields: [LedgerField: String] = [
            .person: request.person.description, .recipient: request.recipient, .purpose: request.purpose,
            .actor: request.requestedBy,
        ]
        try append([entry(.view, fields)], in: connection)
    }
}
