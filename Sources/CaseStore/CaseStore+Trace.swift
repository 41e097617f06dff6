import FoundationEssentials
import Ledger
package import Postgres

/// One thing that happened, in ids and code words.
package struct TraceLine: Sendable, Hashable {
    package var at: Timestamp
    /// A kind of ledger entry, `work_item`, or `attachment`.
    package var kind: String
    /// Of the entry, the work item, or the file that is attached.
    package var id: UUIDValue
    package var details: [Detail]

    /// A name, and what is said under it; nothing where the name says it all.
    package struct Detail: Sendable, Hashable, CustomStringConvertible {
        package var name: String
        package var words: String

        init(_ name: String, _ words: String = "") {
            self.name = name
            self.words = words
        }

        package var description: String { words.isEmpty ? name : "\(name)=\(words)" }
    }

    package var text: String { details.map(\.description).joined(separator: " ") }
}

extension CaseStore {
    /// Everything that happened to a submission, referral, person, case, agreement, share, extract or ledger entry, in order.
    ///
    /// - Returns: Nothing when the id is of none of these.
    package func trace(_ id: UUIDValue, in connection: Connection) throws -> [TraceLine] {
        let entries = try connection.query(
            """
            WITH about AS (
                SELECT \(id)::uuid AS id
                UNION
                SELECT submission FROM record.referral WHERE id = \(id)
                UNION
                SELECT person FROM record.case_file WHERE id = \(id)
            )
            SELECT entry.id, entry.at, entry.kind, entry.bytes
            FROM ledger.entry
            WHERE entry.id = \(id)
                OR submission IN (SELECT about.id FROM about)
                OR referral IN (SELECT about.id FROM about)
                OR person IN (SELECT about.id FROM about)
                OR agreement IN (SELECT about.id FROM about)
                OR share IN (SELECT about.id FROM about)
                OR entry.id IN (
                    SELECT extract.entry FROM record.extract WHERE extract.id = \(id)
                    UNION
                    SELECT extract_entry.entry FROM record.extract_entry WHERE extract_entry.extract = \(id)
                )
            """, name: "ledger.trace")
        let items = try connection.query(
            """
            SELECT id, created_at, kind, code, state, done_at, done_by
            FROM record.work_item
            WHERE submission = \(id) OR referral = \(id) OR person = \(id) OR share = \(id) OR extract = \(id)
            """, name: "record.trace_work_items")
        let files = try connection.query(
            """
            SELECT attachment_file.file, attachment_file.attached_at, attachment_file.number, referral.id
            FROM record.attachment_file JOIN record.referral ON referral.id = attachment_file.referral
            WHERE attachment_file.file IS NOT NULL
                AND (attachment_file.file = \(id) OR referral.id = \(id) OR referral.submission = \(id))
            """, name: "record.trace_attachments")
        let lines = try entries.map(Self.line) + items.flatMap(Self.lines) + files.map(Self.attachment)
        return lines.sorted { ($0.at, $0.id) < ($1.at, $1.id) }
    }

    private static func line(_ row: Row) throws -> TraceLine {
        let (id, at, kind, bytes) = try row.decode(UUIDValue.self, Timestamp.self, String.self, [UInt8]?.self)
        let said = bytes.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) }
        guard let said else { return TraceLine(at: at, kind: kind, id: id, details: [.init("erased")]) }
        let details = shown.compactMap { field in
            said[field.rawValue].flatMap { $0.isEmpty ? nil : TraceLine.Detail(field.rawValue, $0) }
        }
        return TraceLine(at: at, kind: kind, id: id, details: details)
    }

    private static func attachment(_ row: Row) throws -> TraceLine {
        let (file, at, number, referral) = try row.decode(
            UUIDValue.self, Timestamp.self, Int32.self, UUIDValue.self)
        return TraceLine(
            at: at, kind: "attachment", id: file,
            details: [.init("referral", referral.description), .init("number", String(number))])
    }

    private static func lines(_ row: Row) throws -> [TraceLine] {
        let (id, at, kind, code, state, doneAt, doneBy) = try row.decode(
            UUIDValue.self, Timestamp.self, String.self, String.self, String.self, Timestamp?.self, String?.self)
        let made = TraceLine(
            at: at, kind: "work_item", id: id, details: [.init(kind, code), .init("state", state)])
        guard let doneAt, let doneBy else { return [made] }
        let done = TraceLine(
            at: doneAt, kind: "work_item", id: id, details: [.init(kind, code), .init("done"), .init("actor", doneBy)])
        return [made, done]
    }

    /// What a line shows of an entry, in this order.
    private static let shown: [LedgerField] = [
        .actor, .partner, .apiKey, .credential, .account, .submission, .referral, .person, .otherPerson, .match, .share,
        .extract,
        .look,
        .recipient,
        .project, .purpose, .level, .channel,
        .asked, .stage, .outcome, .state, .reason, .released, .attempt, .message, .agreement, .agreementVersion,
        .scopeLine, .authority, .role, .approvals, .changed, .part, .field, .reference,
    ]
}
