package import Referral
import Yams

/// Reads YAML into a ``Value``, for case files and the like. Never for partners' documents.
package enum YAMLValue {
    /// The one document in `bytes`.
    ///
    /// Plain `true`, `false`, `null`, whole and decimal numbers are what they look like; everything else is text, dates
    /// without quotation marks among it.
    ///
    /// - Throws: `encoding` or `not_parseable`; a key that stands twice is `not_parseable`.
    package static func parse(_ bytes: [UInt8]) throws(DocumentError) -> Value {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DocumentError(.encoding, at: "", "the text is not UTF-8")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw DocumentError(.notParseable, at: "", "the text is not YAML")
        }
        return try root.map { node throws(DocumentError) in try value(node, depth: 0) } ?? .null
    }

    private static func value(_ node: Node, depth: Int) throws(DocumentError) -> Value {
        let place = node.mark.map { "line \($0.line)" } ?? ""
        guard depth < 64 else { throw DocumentError(.notParseable, at: place, "it is nested too deeply") }
        switch node {
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            if scalar.string.isEmpty || scalar.string == "~" || scalar.string == "null" { return .null }
            if scalar.string == "true" || scalar.string == "false" { return .bool(scalar.string == "true") }
            let isNumber = Double(scalar.string) != nil && scalar.string.utf8.allSatisfy { isNumeral($0) }
            return isNumber ? .number(scalar.string) : .string(scalar.string)
        case .sequence(let sequence):
            var elements: [Value] = []
            for element in sequence { elements.append(try value(element, depth: depth + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var object = Object()
            for (key, element) in mapping {
                guard object.insert(try value(element, depth: depth + 1), for: key.string ?? "") else {
                    throw DocumentError(.notParseable, at: place, "a key stands twice")
                }
            }
            return .object(object)
        default:
            throw DocumentError(.notParseable, at: place, "aliases are not taken")
        }
    }

    private static func isNumeral(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
