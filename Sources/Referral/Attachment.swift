/// A document that came with the referral. Its content stays in the stored document or in the file beside it.
package struct Attachment: Sendable, Hashable {
    package var name: String?
    package var mediaType: String?
    /// Bytes.
    package var size: Int?
    /// 64 lower-case hexadecimal digits.
    package var sha256: String?
    package var content: Content?

    /// Where the bytes are.
    package enum Content: Sendable, Hashable {
        /// A path in the translated document to the text in Base64, such as `attachments[0].content_base64`.
        case document(path: String)
        /// The name of a file that was dropped with the document.
        case file(name: String)
    }

    package init() {}
}

extension Attachment {
    /// Bytes of one attachment at most: 10 MiB.
    package static let largest = 10 * 1024 * 1024
    /// Attachments of one referral at most.
    package static let mostPerReferral = 10
    /// What is accepted: pdf, png, jpeg, tiff, txt, docx, xlsx, csv, xml.
    package static let mediaTypes: Set<String> = [
        "application/pdf", "image/png", "image/jpeg", "image/tiff", "text/plain", "text/csv", "text/xml",
        "application/xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]
}
