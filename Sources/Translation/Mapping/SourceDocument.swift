import Referral

/// The documents in what arrived: messages of a batch, rows of a table, or the one that there is.
enum SourceDocument {
    /// A document as paths start from it, or why it cannot be read.
    typealias Reading = Result<Item, DocumentError>

    /// All documents in the bytes, at least one.
    static func all(in bytes: [UInt8], _ format: DocumentFormat, _ limits: Limits) -> [Reading] {
        do throws(DocumentError) {
            switch format {
            case .json:
                let document = try StrictJSON.parse(bytes, limits: limits)
                if let event = try EventNotification.opened(document, limits: limits) {
                    return [.success(Item(.value(event), at: .named(EventNotification.place)))]
                }
                if let notice = document["ppn"], notice["header"] != nil {
                    return [.success(Item(.value(notice), at: "ppn"))]
                }
                return [.success(Item(.value(document), at: ""))]
            case .fhir:
                return [.success(Item(.value(try FHIRResource.parse(bytes, limits: limits)), at: ""))]
            case .xml:
                let root = try XMLDocument.parse(bytes, limits: limits)
                guard let content = GovTalkMessage.opened(root) else { return [.success(Item(.element(root), at: ""))] }
                return [.success(Item(.element(content), at: .named("Body/\(content.name)")))]
            case .hl7v2: return HL7Message.split(bytes).flatMap { messages($0, limits) }
            case .csv: return try rows(bytes, limits)
            case .pdf: throw DocumentError(.notParseable, at: "", "a PDF is not read")
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

    /// The type of message: `REF^I12`, `servicerequest-request` or the type of the resource that asks, the root
    /// element's name, `PPN`, an event's type or the `type` of an envelope. Nil where there is none.
    static func type(of document: Item, _ format: DocumentFormat) -> String? {
        switch document.node {
        case .message(let message):
            let type = message.segments[0].field(9)
            let parts = [type.component(1).text, type.component(2).text]
            return parts[1].isEmpty ? parts[0] : parts.joined(separator: "^")
        case .element(let root): return root.name
        case .value(let value) where format == .fhir: return FHIRResource.subject(of: value)
        case .value(let value) where format == .json: return JSONDocument.type(of: value)
        default: return nil
        }
    }

    private static func messages(_ bytes: [UInt8], _ limits: Limits) -> [Reading] {
        do throws(DocumentError) {
            let message = try HL7Message.parse(bytes, limits: limits)
            return message.merges.map { .success(Item(.message($0), at: "")) }
        } catch {
            return [.failure(error)]
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
