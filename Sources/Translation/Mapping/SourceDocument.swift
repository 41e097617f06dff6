import Referral

/// The documents in what arrived: messages of a batch, rows of a table, or the one that there is.
enum SourceDocument {
    /// A document as paths start from it, or why it cannot be read.
    typealias Reading = Result<Item, DocumentError>

    /// All documents in the bytes, at least one.
    static func all(in bytes: [UInt8], _ format: DocumentFormat, _ limits: Limits) -> [Reading] {
        do throws(DocumentError) {
            switch format {
            case .json: return [.success(Item(.value(try StrictJSON.parse(bytes, limits: limits)), at: ""))]
            case .fhir:
                let resource = try StrictJSON.parse(bytes, limits: limits, byteOrderMark: .allowed)
                return [.success(Item(.value(resource), at: ""))]
            case .xml: return [.success(Item(.element(try XMLDocument.parse(bytes, limits: limits)), at: ""))]
            case .hl7v2: return HL7Message.split(bytes).map { message($0, limits) }
            case .csv: return try rows(bytes, limits)
            }
        } catch {
            return [.failure(error)]
        }
    }

    /// The first document that can be read, to recognise its sender by; of a table, the headings in place of the cells.
    static func first(of bytes: [UInt8], _ format: DocumentFormat) -> Item? {
        if format == .csv {
            guard let table = try? CSVTable.parse(bytes) else { return nil }
            return Item(.value(.object(row(table.header, table.header))), at: "line 1")
        }
        for case .success(let item) in all(in: bytes, format, format == .xml ? .xml : .default) { return item }
        return nil
    }

    /// The type of message: `REF^I12`, `servicerequest-request` or a resource's type, the root element's name, `type` of an
    /// envelope. Nil where there is none.
    static func type(of document: Item, _ format: DocumentFormat) -> String? {
        switch document.node {
        case .message(let message):
            let parts = ["MSH-9.1", "MSH-9.2"].map { message.first($0) ?? "" }
            return parts[1].isEmpty ? parts[0] : parts.joined(separator: "^")
        case .element(let root): return root.name
        case .value(let value) where format == .fhir:
            let resources = (value["entry"]?.arrayValue ?? []).compactMap { $0["resource"] }
            let header = resources.first { $0["resourceType"] == "MessageHeader" }
            return header?["eventCoding"]?["code"]?.stringValue ?? value["resourceType"]?.stringValue
        case .value(let value) where format == .json: return value["type"]?.stringValue
        default: return nil
        }
    }

    private static func message(_ bytes: [UInt8], _ limits: Limits) -> Reading {
        do throws(DocumentError) {
            return .success(Item(.message(try HL7Message.parse(bytes, limits: limits)), at: ""))
        } catch {
            return .failure(error)
        }
    }

    private static func rows(_ bytes: [UInt8], _ limits: Limits) throws(DocumentError) -> [Reading] {
        let table = try CSVTable.parse(bytes, limits: limits)
        guard !table.rows.isEmpty else {
            throw DocumentError(.missing, at: "line 2", "there is no row below the headings")
        }
        return table.rows.map { row in
            if let problem = row.problem { return .failure(problem) }
            return .success(Item(.value(.object(Self.row(table.header, row.cells))), at: .named("line \(row.line)")))
        }
    }

    /// Cells by folded heading; of columns with the same heading the first that is not blank.
    private static func row(_ header: [String], _ cells: [String]) -> Object {
        var object = Object()
        for (heading, cell) in zip(header, cells) where !cell.trimmed.isEmpty {
            _ = object.insert(.string(cell), for: CSVTable.fold(heading))
        }
        return object
    }
}
