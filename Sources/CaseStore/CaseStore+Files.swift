import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Where a whole file stands in the order in which files go.
    package struct FilePlace: Sendable, Hashable {
        var since: Timestamp
        var receipt: UUIDValue

        /// Before all.
        package static let start = FilePlace(
            since: .distantPast, receipt: UUIDValue(bytes: Array(repeating: 0, count: 16))!)
    }

    /// Destroys, with its key, the next whole file that came before a time and that nothing needs any more: every part is
    /// finished, none waits for staff or for an attachment, and nobody in it is under a legal hold. The parts stay, sealed for
    /// their persons.
    ///
    /// One file in a transaction: its submission and everybody in it are held until that ends. One of which somebody else holds
    /// these stays, so that nobody waits for the other, and is to be looked at again another time.
    ///
    /// - Parameter place: That of the file before, so that one that stays is not in the way of those behind it.
    /// - Returns: Where the file stands, and whether it is destroyed; nil where no more is due.
    package func destroyFile(
        cameBefore: Timestamp, after place: FilePlace = .start, in connection: Connection
    ) throws -> (place: FilePlace, isDestroyed: Bool)? {
        let rows = try connection.query(
            """
            WITH due AS MATERIALIZED (
                SELECT since, receipt, is_free
                FROM record.due_file(\(cameBefore), \(place.since), \(place.receipt))
            ), destroyed AS (
                DELETE FROM record.document
                USING due
                WHERE document.receipt = due.receipt AND due.is_free
                RETURNING
                    document.receipt,
                    (SELECT wrapped_key FROM record.document_key WHERE document_key.receipt = document.receipt)
            )
            SELECT due.since, due.receipt, destroyed.receipt IS NOT NULL, destroyed.wrapped_key
            FROM due LEFT JOIN destroyed ON destroyed.receipt = due.receipt
            """, name: "record.destroy_file"
        ).decode(Timestamp.self, UUIDValue.self, Bool.self, [UInt8]?.self)
        guard let (since, receipt, isDestroyed, wrapped) = rows.first else { return nil }
        if isDestroyed {
            if let wrapped { vault.forget(wrapped) }
            let fields: [LedgerField: String] = [
                .submission: receipt.description, .actor: "hub", .reason: "file_past",
            ]
            try append([entry(.keyDestroyed, fields)], in: connection)
        }
        return (FilePlace(since: since, receipt: receipt), isDestroyed)
    }

    /// Why a whole file is still there; the words are those of `record.files_past`.
    package enum FileNeed: String, Sendable, SQLScalar {
        /// It waits in a queue, or is not worked on to its end.
        case unfinished
        /// Staff have something to do about a part of it.
        case workItem = "work_item"
        /// A part waits for a file that it names.
        case attachment
        case legalHold = "legal_hold"
    }

    /// How many whole files that came before a time are still there, by what needs them; nil is nothing.
    package static func filesPast(
        cameBefore: Timestamp, in connection: Connection
    ) throws -> [FileNeed?: Int] {
        let rows = try connection.query(
            "SELECT needed_for, count(*) FROM record.files_past(\(cameBefore)) GROUP BY 1", name: "record.files_past"
        ).decode(FileNeed?.self, Int.self)
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// What the sender called the document that a referral came in, still sealed.
    ///
    /// - Returns: Nothing when the document was destroyed and the referral is no part of a file, or its person was erased.
    package func documentNames(
        ofReferral referral: UUIDValue, in connection: Connection
    ) throws -> SealedDocumentNames? {
        let rows = try connection.query(
            """
            SELECT submission, sealed_source, wrapped_key
            FROM record.referral LEFT JOIN record.person_key ON person_key.person = referral.person
            WHERE id = \(referral)
            """, name: "record.document_names"
        ).decode(UUIDValue.self, [UInt8]?.self, [UInt8]?.self)
        guard let (submission, sealed, wrapped) = rows.first else { return nil }
        if let sealed, let wrapped {
            return .part(.init(place: Place.source(referral), wrappedKey: wrapped, sealed: sealed))
        }
        return try documents([submission], in: connection)[submission].map { .document($0) }
    }

    /// Opens what a document was called. Needs no connection.
    package func open(_ names: SealedDocumentNames) throws -> DocumentNames {
        switch names {
        case .document(let document): return DocumentNames(try open(document))
        case .part(let part):
            let bytes = try vault.open(part.sealed, with: vault.unwrap(part.wrappedKey), context: part.place)
            guard let value = try? StrictJSON.parse(bytes), let names = DocumentNames(value) else {
                throw CaseStoreError.unreadable(part.place)
            }
            return names
        }
    }
}
