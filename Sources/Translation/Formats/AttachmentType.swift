import Referral

/// What the bytes of an attachment are, by their beginning and their structure and not by what their sender calls them.
///
/// The kinds are those of partner interfaces, section 1. Everything else is none: old Office files, workbooks and letters
/// with macros or under a password, archives, programs, pages of HTML.
package enum AttachmentType: Sendable, Hashable, CaseIterable {
    case pdf, png, jpeg, tiff, docx, xlsx, xml, text

    /// The kind of these bytes; nil for none that is taken.
    package init?(of bytes: [UInt8]) {
        if let known = Self.signatures.first(where: { bytes.starts(with: $0.bytes) }) {
            self = known.type
        } else if bytes.starts(with: ZipArchive.signature) {
            guard let type = Self.office(bytes) else { return nil }
            self = type
        } else {
            let text = bytes.dropFirst(bytes.hasByteOrderMark ? 3 : 0)
            let isMarkedUp = text.first { ![0x09, 0x0A, 0x0D, 0x20].contains($0) } == UInt8(ascii: "<")
            if isMarkedUp {
                guard (try? XMLDocument.parse(bytes)) != nil else { return nil }
                self = .xml
            } else {
                guard Self.isText(text) else { return nil }
                self = .text
            }
        }
    }

    /// Whether a sender may call it that.
    package func fits(_ mediaType: String) -> Bool { mediaTypes.contains(mediaType) }

    /// What it is called when its sender called it nothing.
    package var mediaType: String { mediaTypes[0] }

    /// What its sender may call it.
    package var mediaTypes: [String] {
        switch self {
        case .pdf: ["application/pdf"]
        case .png: ["image/png"]
        case .jpeg: ["image/jpeg"]
        case .tiff: ["image/tiff"]
        case .docx: ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"]
        case .xlsx: ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]
        case .xml: ["application/xml", "text/xml", "text/plain"]
        case .text: ["text/plain", "text/csv"]
        }
    }

    /// PDF: ISO 32000-1, 7.5.2. PNG: RFC 2083, 3.1. JPEG: ISO 10918-1, B.1.1.3. TIFF 6.0, section 2.
    private static let signatures: [(type: AttachmentType, bytes: [UInt8])] = [
        (.pdf, Array("%PDF-".utf8)), (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
        (.jpeg, [0xFF, 0xD8, 0xFF]), (.tiff, [0x49, 0x49, 0x2A, 0x00]), (.tiff, [0x4D, 0x4D, 0x00, 0x2A]),
    ]

    private static func office(_ bytes: [UInt8]) -> AttachmentType? {
        guard let archive = try? ZipArchive(bytes), !archive.names.contains(where: { $0.hasSuffix("vbaProject.bin") })
        else { return nil }
        if archive.names.contains("word/document.xml") { return .docx }
        return archive.names.contains("xl/workbook.xml") ? .xlsx : nil
    }

    /// No control characters but those of lines, in UTF-8 or in the codes of Windows-1252 that mean something.
    private static func isText(_ bytes: some Sequence<UInt8>) -> Bool {
        let bytes = Array(bytes)
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || [0x09, 0x0A, 0x0C, 0x0D].contains($0) }) else {
            return false
        }
        let undefined: Set<UInt8> = [0x81, 0x8D, 0x8F, 0x90, 0x9D]
        return String(validating: bytes, as: UTF8.self) != nil || !bytes.contains(where: undefined.contains)
    }
}
