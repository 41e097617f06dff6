package import Referral

/// Writes a release as a partner expects it. The same release always gives the same bytes.
package struct Renderer: Sendable {
    private let adapter: Adapter
    private let outbound: Outbound

    package init(adapter: Adapter, outbound: Outbound) {
        self.adapter = adapter
        self.outbound = outbound
    }

    /// The exact bytes for a release.
    ///
    /// - Throws: ``RenderError`` when the release has no `share.id`, when a part that the shape requires was not released,
    ///   or when a value cannot be written as the partner expects it.
    package func render(_ release: Value) throws(RenderError) -> Rendered {
        guard let id = release["share"]?["id"]?.stringValue, !id.isEmpty else {
            throw RenderError(findings: [Finding(.missing, at: "share.id", "a release has the id of its share")])
        }
        var evaluation = Evaluation()
        let scope = Scope(Item(.value(release), at: ""))
        let bytes = Self.bytes(outbound.shape.content, scope, &evaluation)
        let errors = evaluation.raised.filter(\.isError).map(\.finding)
        guard errors.isEmpty else { throw RenderError(findings: errors) }
        return Rendered(
            bytes: bytes, mediaType: outbound.mediaType, fileName: fileName(release, id: id), messageID: id,
            warnings: evaluation.raised.map(\.finding))
    }

    private static func bytes(_ content: Shape.Content, _ scope: Scope, _ evaluation: inout Evaluation) -> [UInt8] {
        switch content {
        case .tree(let rule): return StrictJSON.write(evaluation.make(rule, scope, for: "").value ?? .object(Object()))
        case .element(let name, let rule):
            let root = XMLNode(name, writing: evaluation.make(rule, scope, for: .named(name)).value ?? .null)
            return XMLWriter.write(root)
        case .table(let headings, let rule):
            let made = evaluation.make(rule, scope, for: "").value ?? .array([])
            let rows = made.arrayValue ?? [made]
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
        }
    }

    /// `<SENDER>_<TYPE>_<yyyymmddThhmmssZ>_<nnnn>.<ext>` of partner interfaces section 4.1, all of it from the share.
    private func fileName(_ release: Value, id: String) -> String {
        let share = release["share"]
        let sender = release["sender"]?["id"]?.stringValue ?? "HUB"
        let created = share?["created_at"]?.stringValue.flatMap(Instant.init(rfc3339:)) ?? Instant(microseconds: 0)
        let time = String(created.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
        let number = String(id.filter { $0.isLetter || $0.isASCIIDigit }.suffix(8))
        let parts = [sender, share?["purpose"]?.stringValue ?? outbound.purpose, time, number]
        let name = parts.map { $0.uppercased() }.joined(separator: "_").map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "_"
        }
        return "\(String(name)).\(outbound.format.fileExtension)"
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
    /// Codes that the partner has no word for, and the like: what was left out because of them.
    package var warnings: [Finding]
}

/// Why a release could not be written. Says which fields, never what they hold.
package struct RenderError: Error, Sendable, Hashable, CustomStringConvertible {
    package var findings: [Finding]

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
        }
    }
}

extension Value? {
    /// The text of a cell; several values with commas between them.
    fileprivate var cell: String {
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
