/// Writes XML as UTF-8 with a declaration, everything escaped that must be.
package enum XMLWriter {
    /// The bytes of a document.
    ///
    /// An element in another namespace than the one around it declares its own as the default. Characters that XML 1.0
    /// does not allow are left out, and what could not stand in a name becomes `_`, so the result is always well formed.
    ///
    /// - Parameter pretty: Elements that hold only elements have each on a line of its own, indented by two spaces.
    ///   Defaults to false.
    package static func write(_ root: XMLNode, pretty: Bool = false) -> [UInt8] {
        var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
        write(root, inside: nil, depth: pretty ? 0 : nil, to: &text)
        if pretty { text += "\n" }
        return Array(text.utf8)
    }

    /// Whether a text can be the local name of an element or attribute: a letter or `_`, then letters, digits, `_ - .`
    package static func isName(_ text: String) -> Bool { !text.isEmpty && name(text) == text }

    private static func write(_ node: XMLNode, inside namespace: String?, depth: Int?, to text: inout String) {
        let name = name(node.name)
        text += "<" + name
        if node.namespace != namespace { attribute("xmlns", node.namespace ?? "", to: &text) }
        for (index, part) in node.attributes.enumerated() {
            switch part.namespace {
            case nil: attribute(Self.name(part.name), part.value, to: &text)
            case "http://www.w3.org/XML/1998/namespace": attribute("xml:" + Self.name(part.name), part.value, to: &text)
            case let namespace?:
                attribute("xmlns:a\(index)", namespace, to: &text)
                attribute("a\(index):" + Self.name(part.name), part.value, to: &text)
            }
        }
        guard !node.content.isEmpty else { return text += "/>" }
        text += ">"
        let inner = node.content.contains { if case .text = $0 { true } else { false } } ? nil : depth.map { $0 + 1 }
        for part in node.content {
            switch part {
            case .text(let value): escape(value, inAttribute: false, to: &text)
            case .element(let child):
                if let inner { text += "\n" + String(repeating: "  ", count: inner) }
                write(child, inside: node.namespace, depth: inner, to: &text)
            }
        }
        if let depth, inner != nil { text += "\n" + String(repeating: "  ", count: depth) }
        text += "</" + name + ">"
    }

    private static func attribute(_ name: String, _ value: String, to text: inout String) {
        text += " " + name + "=\""
        escape(value, inAttribute: true, to: &text)
        text += "\""
    }

    private static func escape(_ value: String, inAttribute: Bool, to text: inout String) {
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"" where inAttribute: text += "&quot;"
            // A parser turns line breaks in attributes into spaces and a lone CR into LF (XML 1.0 sections 2.11, 3.3.3).
            case "\r": text += "&#13;"
            case "\n" where inAttribute: text += "&#10;"
            case "\t" where inAttribute: text += "&#9;"
            case "\n", "\t": text.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": continue
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func name(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let letter = scalar.properties.isAlphabetic || scalar == "_"
            let later = letter || ("0"..."9").contains(scalar) || scalar == "-" || scalar == "."
            result.append(result.isEmpty ? (letter ? scalar : "_") : (later ? scalar : "_"))
        }
        return result.isEmpty ? "_" : String(result)
    }
}
