package import Ledger
package import Postgres
package import Referral
import Vault

/// A stored message, opened, with the others that answer one another with it.
package struct ReferralRecord: Sendable {
    package var summary: ReferralSummary
    /// The message as it was understood.
    package var referral: Referral
    /// Where its values stood in the document; nil when that was not noted.
    package var provenance: Provenance?
    /// All messages of its thread with itself, in the order in which they were sent.
    package var thread: [ReferralSummary]
    /// The referral as the thread's messages together tell it: the newest word on each thing, by the sender's time.
    package var current: Referral
}

extension CaseStore {
    /// Opens a stored message and its thread, and enters that it was looked at.
    ///
    /// - Parameter part: What is shown of it; nil for all.
    /// - Returns: Nothing when there is no such message.
    /// - Throws: ``CaseStoreError/keyDestroyed(person:)`` when the person was erased.
    package func referral(
        _ id: UUIDValue, viewedBy actor: String, part: LedgerPart? = nil, in connection: Connection
    ) throws -> ReferralRecord? {
        let rows = try connection.query(
            """
            SELECT
                told.id, told.person, told.case_file, told.submission, told.sender, told.type, told.state, told.urgency,
                told.received_at, told.sealed, told.sealed_provenance, person_key.wrapped_key
            FROM record.referral AS told LEFT JOIN record.person_key USING (person)
            WHERE told.id IN (
                SELECT asked.thread
                FROM record.referral AS asked
                WHERE asked.id = \(id)
                UNION
                SELECT other.id
                FROM record.referral AS asked
                    JOIN record.referral AS other ON other.thread = asked.thread AND other.thread <> other.id
                WHERE asked.id = \(id)
            )
            ORDER BY told.sent_at, told.received_at, told.submission, told.ordinal
            """, name: "record.referral_record")
        var record: ReferralRecord?
        var thread: [ReferralSummary] = []
        var current: Referral?
        for row in rows {
            let summary = try Self.referral(row)
            guard let wrapped = try row.value("wrapped_key", as: [UInt8]?.self) else {
                throw CaseStoreError.keyDestroyed(person: summary.person)
            }
            let key = try vault.unwrap(wrapped)
            let referral = try referral(row.value("sealed"), with: key, at: Place.referral(summary.id))
            thread.append(summary)
            if ["referral", "update", "notice"].contains(summary.type) {
                current = current.map { $0.updated(by: referral) } ?? referral
            }
            guard summary.id == id else { continue }
            let provenance = try row.value("sealed_provenance", as: [UInt8]?.self).map {
                try self.provenance($0, with: key, at: Place.provenance(id))
            }
            record = ReferralRecord(
                summary: summary, referral: referral, provenance: provenance, thread: [], current: referral)
        }
        guard var record else { return nil }
        record.thread = thread
        record.current = current ?? record.referral
        var fields: [LedgerField: String] = [
            .person: record.summary.person.description, .referral: id.description, .actor: actor,
        ]
        fields[.part] = part?.rawValue
        try append([entry(.view, fields)], in: connection)
        return record
    }

    /// Opens a stored document, unaltered, and enters that it was looked at.
    ///
    /// - Parameter part: What is shown of it; nil for all.
    /// - Returns: Nothing when there was no such document, or a parent or guardian has yet to permit that anybody works on it.
    /// - Throws: ``CaseStoreError/documentDestroyed(_:at:)``.
    package func document(
        _ receipt: UUIDValue, viewedBy actor: String, part: LedgerPart? = nil, in connection: Connection
    ) throws -> StoredDocument? {
        guard let sealed = try documents([receipt], in: connection)[receipt] else {
            if let at = try self.receipt(receipt, in: connection)?.documentDestroyedAt {
                throw CaseStoreError.documentDestroyed(receipt, at: at)
            }
            return nil
        }
        if sealed.receipt.state == .held { return nil }
        let document = try open(sealed)
        var fields: [LedgerField: String] = [.submission: receipt.description, .actor: actor]
        fields[.part] = part?.rawValue
        try append([entry(.view, fields)], in: connection)
        return document
    }

    private func provenance(_ sealed: [UInt8], with key: DataKey, at place: String) throws -> Provenance {
        let bytes = try vault.open(sealed, with: key, context: place)
        guard let value = try? StrictJSON.parse(bytes), let provenance = Provenance(value) else {
            throw CaseStoreError.unreadable(place)
        }
        return provenance
    }
}
