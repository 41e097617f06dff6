import FoundationEssentials

/// A rendered document as the one attachment of an e-mail: a MIME entity (RFC 2045) of a few fixed words for whoever opens
/// the mail, and the document in Base64.
struct MailAttachment: Sendable {
    private let id: String
    private let bytes: [UInt8]
    private let mediaType: String
    private let fileName: String

    init(_ delivery: Delivery) {
        id = delivery.id
        bytes = delivery.bytes
        mediaType = Self.isMediaType(delivery.mediaType) ? delivery.mediaType : "application/octet-stream"
        fileName = Self.shown(delivery.fileName ?? "\(delivery.id).\(Self.ending(mediaType))")
    }

    /// The entity: its own header fields, an empty line and its parts, lines ended by CR LF.
    func entity() -> [UInt8] {
        // Base64 has no underscore, and the words below do not begin a line with hyphens.
        let boundary = "=_\(id)"
        let parts = [
            "Content-Type: multipart/mixed; boundary=\"\(boundary)\"", "", "--\(boundary)",
            "Content-Type: text/plain; charset=us-ascii", "",
            "OFFICIAL-SENSITIVE", "", "The attached document is release \(id).",
            "To confirm that it has reached you, reply with the release id and nothing else.", "", "--\(boundary)",
            "Content-Type: \(mediaType)", "Content-Disposition: attachment; filename=\"\(fileName)\"",
            "Content-Transfer-Encoding: base64", "", "",
        ]
        return Array(parts.joined(separator: "\r\n").utf8) + Self.base64(bytes) + Array("--\(boundary)--\r\n".utf8)
    }

    /// Base64 in lines of 76, the last ended too (RFC 2045, 6.8).
    static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let text = Data(bytes).base64EncodedData(
            options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed])
        return Array(text) + Array("\r\n".utf8)
    }

    /// Type and subtype with parameters that need no care: `text/csv; charset=utf-8`.
    private static func isMediaType(_ text: String) -> Bool {
        text.utf8.count <= 200 && text.contains("/")
            && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// A name that no mail program stumbles over: whatever else stands in it becomes `_`.
    private static func shown(_ name: String) -> String {
        String(name.prefix(100).map { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) ? $0 : "_" })
    }

    private static func ending(_ mediaType: String) -> String {
        switch mediaType.prefix(while: { $0 != ";" }) {
        case "application/json": "json"
        case "application/pdf": "pdf"
        case "application/xml", "text/xml": "xml"
        case "application/zip": "zip"
        case "text/csv": "csv"
        case "text/plain": "txt"
        default: "bin"
        }
    }
}
