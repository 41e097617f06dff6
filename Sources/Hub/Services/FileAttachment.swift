import CaseStore
import Channels
import Crypto
import Postgres
import Referral
import Translation

/// Dropped files that are no documents of their own but attachments, which the referral beside them names by their name.
///
/// Such a file goes the way of every document: it is stored and answered, and behind the queue looked through for viruses.
/// Then it waits for a referral of the same sender that names it, as that one waits for it;
/// ``CaseStore/attachFiles(at:limit:in:)`` brings the two together.
enum FileAttachment {
    /// Whether an arrival that is no document may be an attachment: dropped, of a kind that is taken, and from a partner who
    /// sends the envelope, which can name files.
    static func isCandidate(_ arrival: Arrival, of adapter: Adapter?) -> Bool {
        guard arrival.channel == .file, arrival.bytes.count <= Attachment.largest,
            arrival.format.map(formats.contains) ?? true
        else { return false }
        return adapter?.inbound.contains { $0.readsEnvelope } ?? false && AttachmentType(of: arrival.bytes) != nil
    }

    /// Whether a stored document is one: because it is no document, or because a referral that came before it says so. A
    /// referral itself is none, whoever names it.
    static func isOne(_ document: StoredDocument) -> Bool {
        guard document.receipt.channel == Arrival.Channel.file.rawValue else { return false }
        let format = DocumentFormat(rawValue: document.receipt.format)
        return format == nil || document.isNamed && format.map(formats.contains) ?? false
    }

    /// What is kept of one; nothing when it is of no kind that is taken.
    ///
    /// - Parameters:
    ///   - wait: how long a referral may come after it that names it.
    ///   - now: when it is stored.
    static func kept(_ document: StoredDocument, for wait: Duration, at now: Timestamp) -> DroppedAttachment? {
        guard let name = document.fileName, document.bytes.count <= Attachment.largest,
            let type = AttachmentType(of: document.bytes)
        else { return nil }
        return DroppedAttachment(
            receipt: document.receipt.id, sender: document.receipt.sender, name: name,
            sha256: Hexadecimal.text(SHA256.hash(data: document.bytes)), size: document.bytes.count,
            mediaTypes: type.mediaTypes, waitsUntil: end(of: wait, for: document.receipt, storedAt: now))
    }

    /// Until when a file waits for its referral, and a referral for its files. It counts from when intake came to the one
    /// that waits: an outage of the scanner, or a paused intake, must not part what came together.
    static func end(of wait: Duration, for receipt: Receipt, storedAt now: Timestamp) -> Timestamp {
        max(receipt.receivedAt, now) + wait
    }

    /// Of documents whose ending an attachment may have too: tables, texts and XML.
    private static let formats: Set<DocumentFormat> = [.csv, .xml]
}
