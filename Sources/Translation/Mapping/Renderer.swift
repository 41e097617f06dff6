import FoundationEssentials
import Printing
package import Referral

/// Writes a release as a partner expects it. The same release always gives the same bytes; those of a printed document
/// also hang on the versions of the libraries and fonts that print it.
package struct Renderer: Sendable {
    private let adapter: Adapter
    private let outbound: Outbound
    private let documents: Documents

    /// In what form documents for people are written.
    package enum Documents: Sendable, Hashable {
        /// As PDF: what partners are sent.
        case printed
        /// As their outline in text, which is the same on every machine: what samples are compared with.
        case outlined
    }

    /// - Parameter documents: Defaults to printed.
    package init(adapter: Adapter, outbound: Outbound, documents: Documents = .printed) {
        self.adapter = adapter
        self.outbound = outbound
        self.documents = documents
    }

    /// The exact bytes for a release; for a way out with `content: extract`, for an extract as ``ExtractPackage`` reads it.
    ///
    /// - Throws: ``RenderError`` when the release has no `share.id`, when a part that the shape requires was not released,
    ///   when a value cannot be written as the partner expects it, or when a row does not hold by the sheet of its exercise.
    package func render(_ release: Value) throws(RenderError) -> Rendered {
        if outbound.content == .extract { return try ExtractPackage(release).rendered(as: outbound) }
        guard let id = release["share"]?["id"]?.stringValue, !id.isEmpty else {
            throw RenderError(findings: [Finding(.missing, at: "share.id", "a release has the id of its share")])
        }
        if let sheet = outbound.sheet, release["share"]?["authority_ref"]?.stringValue != sheet.exercise {
            throw RenderError([.exercise])
        }
        var evaluation = Evaluation()
        let scope = Scope(Item(.value(try withDocuments(release, &evaluation)), at: ""))
        // What a printed document took left only where the shape took the document.
        let printed = Set(evaluation.found.flatMap(\.sources).map(\.text))
        evaluation.found = []
        let bytes = try bytes(outbound.shape.content, scope, &evaluation)
        let to = outbound.to.flatMap { line($0, scope, for: "to", &evaluation) }
        let subject = outbound.subject.flatMap { line($0, scope, for: "subject", &evaluation) }
        let errors = evaluation.raised.filter(\.isError).map(\.finding)
        guard errors.isEmpty else { throw RenderError(findings: errors) }
        return Rendered(
            bytes: bytes, mediaType: outbound.mediaType, fileName: fileName(release, id: id), messageID: id,
            to: to, subject: subject, warnings: evaluation.raised.map(\.finding),
            sources: sources(evaluation, printed: printed))
    }

    private func sources(_ evaluation: Evaluation, printed: Set<String>) -> Set<String> {
        let taken = Set(evaluation.found.flatMap(\.sources).map(\.text))
        return taken.contains { $0.hasPrefix(ReleaseField.documents) } ? taken.union(printed) : taken
    }

    /// The release with the documents beside it that the shape may hold within it.
    private func withDocuments(_ release: Value, _ evaluation: inout Evaluation) throws(RenderError) -> Value {
        guard !outbound.documents.isEmpty, case .object(var object) = release else { return release }
        let scope = Scope(Item(.value(release), at: ""))
        var printed = Object()
        for document in outbound.documents {
            let bytes = try bytes(document.shape.content, scope, &evaluation)
            let text =
                documents == .printed ? Data(bytes).base64EncodedString() : String(decoding: bytes, as: UTF8.self)
            printed[document.name] = .string(text)
        }
        object["document"] = .object(printed)
        return .object(object)
    }

    /// What an expression gives on one line, as a header field takes it.
    private func line(
        _ expression: Expression, _ scope: Scope, for target: Place, _ evaluation: inout Evaluation
    ) -> String? {
        let item = evaluation.items(expression, scope, for: target).first
        if let item, item.isFound {
            evaluation.found.append(Found(target: target, sources: [item.place] + item.joined, steps: []))
        }
        let text = item?.text
        return text?.split { $0.isWhitespace || $0.isNewline || $0.isControl }.joined(separator: " ")
    }

    private func bytes(
        _ content: Shape.Content, _ scope: Scope, _ evaluation: inout Evaluation
    ) throws(RenderError) -> [UInt8] {
        switch content {
        case .tree(let rule): return StrictJSON.write(evaluation.make(rule, scope, for: "").value ?? .object(Object()))
        case .element(let name, let rule):
            let root = XMLNode(name, writing: evaluation.make(rule, scope, for: .named(name)).value ?? .null)
            return XMLWriter.write(root)
        case .table(let headings, let rule):
            let made = evaluation.make(rule, scope, for: "").value ?? .array([])
            let rows = made.arrayValue ?? [made]
            if let sheet = outbound.sheet { return try bytes(rows.first, headings, by: sheet) }
            return CSVWriter.write(header: headings, rows: rows.map { row in headings.map { row[$0].cell } })
        case .segments(let segments):
            var writer = HL7Writer()
            for (name, rule) in segments {
                let made = evaluation.make(rule, scope, for: .named(name)).value ?? .array([])
                for segment in made.arrayValue ?? [made] {
                    if name != "MSH" { writer.append(name) }
                    writer.write(segment, at: [])
                }
            }
            return writer.bytes
        case .document(let rule):
            let made = evaluation.make(rule, scope, for: "").value ?? .null
            guard let document = Document(made, of: scope.root) else {
                throw RenderError(findings: [Finding(.missing, at: "title", "a document has a title and a reference")])
            }
            if documents == .outlined { return Array(document.outline.utf8) }
            do throws(PrintingError) {
                return try Printer.print(document)
            } catch {
                let code: FindingCode = error == .documentTooLong ? .tooLarge : .internal
                throw RenderError(findings: [Finding(code, at: "printing", error.description)])
            }
        }
    }

    /// The row of an exercise's table. A release that fills nothing is a row too, and one that lacks what is required.
    private func bytes(
        _ row: Value?, _ headings: [String], by sheet: ExerciseSheet
    ) throws(RenderError) -> [UInt8] {
        let filled = Dictionary(uniqueKeysWithValues: headings.map { ($0, row?[$0].cell ?? "") })
        let cells = sheet.cells(filled)
        let faults = sheet.faults(in: cells)
        guard faults.isEmpty else { throw RenderError(faults) }
        return CSVWriter.write(header: sheet.columns.map(\.name), rows: [cells])
    }

    /// The name of the file, all of it from the share.
    private func fileName(_ release: Value, id: String) -> String {
        let share = release["share"]
        return Rendered.fileName(
            sender: release["sender"]?["id"]?.stringValue ?? "HUB",
            purpose: share?["purpose"]?.stringValue ?? outbound.purpose,
            created: share?["created_at"]?.stringValue.flatMap(Instant.init(rfc3339:)) ?? Instant(microseconds: 0),
            id: id, extension: outbound.format.fileExtension)
    }
}

/// What a partner is sent.
package struct Rendered: Sendable, Hashable {
    package var bytes: [UInt8]
    package var mediaType: String
    /// Upper-case letters, digits and `_`, with an extension; no personal data.
    package var fileName: String
    /// The share's id: the same on every attempt.
    package var messageID: String
    /// The address, where it depends on the person (MESH's automatic routing to a GP practice). Then it is personal data,
    /// and nothing may log it. Nil where the endpoint has it.
    package var to: String?
    /// The subject line on one line; nil for none. Personal data where a standard wants it there.
    package var subject: String?
    /// Codes that the partner has no word for, and the like: what was left out because of them.
    package var warnings: [Finding]
    /// The places in the release, such as `person.phone[0]`, of everything that was written from it.
    package var sources: Set<String> = []

    /// Whether something was written from a place in the release, or from all of what it is in.
    package func tookFrom(_ path: String) -> Bool {
        sources.contains(path)
            || path.indices.contains { (path[$0] == "." || path[$0] == "[") && sources.contains(String(path[..<$0])) }
    }

    /// `<SENDER>_<TYPE>_<yyyymmddThhmmssZ>_<nnnn>.<ext>` of partner interfaces section 4.1.
    static func fileName(
        sender: String, purpose: String, created: Instant, id: String, extension ending: String
    ) -> String {
        let time = String(created.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
        let number = String(id.filter { $0.isLetter || $0.isASCIIDigit }.suffix(8))
        let name = [sender, purpose, time, number].map { $0.uppercased() }.joined(separator: "_").map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        return "\(String(name)).\(ending)"
    }
}

/// Why a release could not be written. Says which fields, never what they hold.
package struct RenderError: Error, Sendable, Hashable, CustomStringConvertible {
    package var findings: [Finding]
    /// What is wrong by the sheet of an exercise, where that is why: the first rule's code, and what all say.
    package var fault: SheetFault?

    init(findings: [Finding]) { self.findings = findings }

    /// What a row does wrong by a sheet.
    init(_ faults: [SheetFault]) {
        findings = faults.map { Finding(.schema, at: "sheet", $0.text) }
        fault = faults.first
        fault?.text = faults.map(\.text).joined(separator: "; ")
    }

    package var description: String {
        findings.map { "\($0.code.rawValue) at \($0.path): \($0.text)" }.joined(separator: "; ")
    }
}

extension DocumentFormat {
    /// The extension of a file in the format.
    var fileExtension: String {
        switch self {
        case .json, .fhir: "json"
        case .hl7v2: "hl7"
        case .xml: "xml"
        case .csv: "csv"
        case .pdf: "pdf"
        }
    }

    /// The media type when an adapter names none.
    var mediaType: String {
        switch self {
        case .json: "application/json"
        case .fhir: "application/fhir+json"
        case .hl7v2: "x-application/hl7-v2+er7"
        case .xml: "application/xml"
        case .csv: "text/csv"
        case .pdf: "application/pdf"
        }
    }
}

extension Character {
    /// Whether it is a control character, which no header field may hold.
    fileprivate var isControl: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}

extension Value? {
    /// The text of a cell; several values with commas between them.
    var cell: String {
        switch self {
        case nil: ""
        case .array(let values)?: values.map { Optional($0).cell }.joined(separator: ", ")
        case let value?: Item(.value(value), at: "").text ?? ""
        }
    }
}

extension XMLNode {
    /// An element of a tree: `@name` is an attribute, `@xmlns` the namespace, `$text` the text; an array repeats the element.
    fileprivate init(_ name: String, writing value: Value, in namespace: String? = nil) {
        self.init(name, namespace: value["@xmlns"]?.stringValue ?? namespace)
        guard case .object(let object) = value else {
            if let text = Item(.value(value), at: "").text { content = [.text(text)] }
            return
        }
        for (key, value) in object where key != "@xmlns" {
            if key.hasPrefix("@") {
                attributes.append(Attribute(String(key.dropFirst()), Optional(value).cell))
            } else if key == "$text" {
                content.append(.text(Optional(value).cell))
            } else {
                content += (value.arrayValue ?? [value]).map { .element(XMLNode(key, writing: $0, in: self.namespace)) }
            }
        }
    }
}

extension HL7Writer {
    /// Writes a tree whose keys are positions into the segment opened last.
    fileprivate mutating func write(_ value: Value, at position: [Int], repetition: Int = 1) {
        switch value {
        case .object(let object):
            for (key, value) in object {
                write(value, at: position + key.split(separator: ".").compactMap { Int($0) }, repetition: repetition)
            }
        case .array(let values):
            for (index, value) in values.enumerated() { write(value, at: position, repetition: index + 1) }
        default:
            guard let field = position.first, let text = Item(.value(value), at: "").text else { return }
            let parts = position.dropFirst().prefix(2).map { ".\($0)" }.joined()
            if let path = HL7Path("-\(field)(\(repetition))\(parts)") { set(path, to: text) }
        }
    }
}
