import Ledger
package import Postgres
import Referral
import Vault

extension CaseStore {
    /// Destroys whole files that came before a time and that nothing needs any more, with their keys: every part is finished,
    /// none waits for staff or for an attachment, and nobody in it is under a legal hold. The parts stay, sealed for their
    /// persons.
    ///
    /// - Parameter limit: Of files at once: everybody in them is held until the transaction ends.
    /// - Returns: How many were destroyed; call again while it is `limit`.
    package func destroyFiles(
        cameBefore: Timestamp, limit: Int = 20, in connection: Connection
    ) throws -> Int {
        let destroyed = try connection.query(
            """
            WITH due AS MATERIALIZED (
                SELECT receipt FROM record.due_files(\(cameBefore), \(Int32(clamping: limit))) AS due (receipt)
            )
            DELETE FROM record.document
            USING due
            WHERE document.receipt = due.receipt
            RETURNING document.receipt
            """, name: "record.destroy_files"
        ).decode(UUIDValue.self)
        let entries = destroyed.map { receipt in
            entry(.keyDestroyed, [.submission: receipt.description, .actor: "hub", .reason: "file_past"])
        }
        try append(entries, in: connection)
        return destroyed.count
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
