import Crypto
import FoundationEssentials
import Referral

/// Looks at the contents that came with a referral, in the text of its document.
enum AttachmentCheck {
    /// The content that stands at a place of an envelope; nil when nothing does, or no Base64.
    static func content(at path: String, in envelope: Value) -> [UInt8]? {
        guard let text = envelope[path: path]?.stringValue else { return nil }
        let base64 = text.utf8.filter { ![0x09, 0x0A, 0x0D, 0x20].contains($0) }
        return Data(base64Encoded: Data(base64)).map { [UInt8]($0) }
    }

    /// Completes what is known of each attachment: size, digest and kind. One whose content is not what its sender says
    /// of it keeps these facts and loses the content.
    ///
    /// - Returns: What is wrong.
    static func run(_ attachments: inout [Attachment], in envelope: Value) -> [Finding] {
        attachments.indices.compactMap { check(&attachments[$0], in: envelope) }
    }

    private static func check(_ attachment: inout Attachment, in envelope: Value) -> Finding? {
        guard case .document(let path)? = attachment.content else { return nil }
        func refused(_ code: FindingCode, _ text: String) -> Finding {
            attachment.content = nil
            return Finding(code, at: path, text)
        }
        guard let bytes = content(at: path, in: envelope) else { return refused(.encoding, "expected Base64") }
        guard bytes.count <= Attachment.largest else { return refused(.tooLarge, "an attachment has up to 10 MiB") }
        let digest = SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        if let stated = attachment.sha256, stated != digest {
            return refused(.checksum, "the content has another digest than stated")
        }
        if let stated = attachment.size, stated != bytes.count {
            return refused(.checksum, "the content has another size than stated")
        }
        guard let type = AttachmentType(of: bytes), attachment.mediaType.map(type.fits) ?? true else {
            return refused(.mediaType, "the content is not of a kind that is accepted, or not of the one stated")
        }
        attachment.size = bytes.count
        attachment.sha256 = digest
        attachment.mediaType = attachment.mediaType ?? type.mediaType
        return nil
    }
}
