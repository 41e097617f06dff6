import Referral

/// The forms in which a document can reach the hub, and those in which one leaves.
package enum DocumentFormat: String, Sendable, Hashable, CaseIterable {
    /// The envelope, or another JSON document that is not FHIR.
    case json
    /// HL7 version 2 in its bar-and-hat form (ER7).
    case hl7v2
    /// HL7 FHIR, in JSON or in XML.
    case fhir
    /// Any other XML document.
    case xml
    /// A table with a header row: comma, semicolon or tab separated, or a workbook (XLSX).
    case csv
    /// For a person to read: only on the way out.
    case pdf
}

extension DocumentFormat {
    /// The form that bytes most likely have, by their first characters; nil for none that is known.
    ///
    /// FHIR is told from other JSON by a `resourceType` near the beginning, from other XML by the root element's namespace;
    /// whatever is text and nothing else is a table.
    package static func guess(_ bytes: [UInt8]) -> DocumentFormat? {
        let text = bytes.dropFirst(bytes.hasByteOrderMark ? 3 : 0).drop { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
        switch text.first {
        case nil: return nil
        case ZipArchive.signature[0] where bytes.starts(with: ZipArchive.signature):
            return XLSXReader.isWorkbook(bytes) ? .csv : nil
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return String(decoding: text.prefix(4096), as: UTF8.self).contains("\"resourceType\"") ? .fhir : .json
        case UInt8(ascii: "<"): return XMLTags.root(in: text).contains(FHIRResource.namespace) ? .fhir : .xml
        case MLLP.start: return .hl7v2
        default: break
        }
        if ["MSH", "FHS", "BHS"].contains(where: { HL7Message.isHeader(text, named: $0) }) { return .hl7v2 }
        return bytes.prefix(4096).contains { $0 < 0x09 } ? nil : .csv
    }
}
