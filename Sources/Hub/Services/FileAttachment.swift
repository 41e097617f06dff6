import CaseStore
import Channels
import Crypto
import Postgres
import Referral
import Translation

/// Dropped files that are no documents of their own but attachments, which the referral beside them names by their name.
///
/// Such a file goes the way of every document: it is stored and answered, with what makes it no document, and behind the
/// queue looked through for viruses.
/// Then it waits for a referral of the same sender that names it, as that one waits for it;
/// ``CaseStore/attachFiles(at:limit:in:)`` brings the two together.
enum FileAttachment {
    /// Whether an arrival may be an attachment.
    enum Candidacy: Sendable {
        case none
        /// It is of a form in which this partner's documents come, too: a broken one must be refused at once. So only if a
        /// referral waits for it already.
        case ifAwaited(FileIdentity)
        case open
    }

    /// What an arrival that is no document may be: dropped, of a kind that is taken, and from a partner who sends the
    /// envelope, which can name files.
    static func candidacy(of arrival: Arrival, from adapter: Adapter?) -> Candidacy {
        guard arrival.channel == .file, let name = arrival.fileName, arrival.bytes.count <= Attachment.largest,
            arrival.format.map(formats.contains) ?? true, let adapter,
            adapter.inbound.contains(where: \.readsEnvelope), AttachmentType(of: arrival.bytes) != nil
        else { return .none }
        guard let format = arrival.format, adapter.inbound.contains(where: { $0.format == format }) else {
            return .open
        }
        return .ifAwaited(
            FileIdentity(
                sender: arrival.sender.id, name: name, sha256: Hexadecimal.text(SHA256.hash(data: arrival.bytes))))
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
