import Referral

/// A question about the texts found at a place: `role`, `role = child, carer`, `role != subject`, `system *= nhs-number`.
///
/// Comparison ignores case and surrounding spaces, as partners' codes vary in both.
enum TextTest: Sendable, Hashable {
    case present
    case absent
    case isOneOf([String])
    case isNoneOf([String])
    case contains(String)

    /// Whether the answer is yes. Empty texts count as not there.
    func holds(_ texts: [String]) -> Bool {
        switch self {
        case .present: texts.contains { !$0.isEmpty }
        case .absent: texts.allSatisfy(\.isEmpty)
        case .isOneOf(let wanted): texts.contains { Self.isOne($0, of: wanted) }
        case .isNoneOf(let unwanted): !texts.contains { Self.isOne($0, of: unwanted) }
        case .contains(let part): texts.contains { Self.find(part.lowercased(), in: $0.lowercased()) }
        }
    }

    private static func isOne(_ text: String, of wanted: [String]) -> Bool {
        if wanted.contains(text) { return !text.isEmpty }
        let folded = text.lowercased().trimmed
        return !folded.isEmpty && wanted.contains { $0.lowercased() == folded }
    }

    private static func find(_ part: String, in text: String) -> Bool {
        let part = Array(part.utf8)
        let text = Array(text.utf8)
        guard !part.isEmpty, text.count >= part.count else { return part.isEmpty }
        return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
    }
}

/// The question in a path's brackets: `person[role=subject]`, `PID-3[5=NH]`, `identifier[system*=nhs-number]`.
struct Predicate: Sendable, Hashable {
    /// Where in the item to look, in the path's own language and always from the item itself.
    let key: String
    /// The names of the key.
    let names: [String]
    let test: TextTest

    /// Reads what stands between the brackets.
    ///
    /// - Parameter separator: What parts the key's names.
    init(_ text: String, separator: Character) {
        (key, test) = Self.parts(of: text)
        names = key.split(separator: separator).map(String.init)
    }

    private static func parts(of text: String) -> (String, TextTest) {
        for (sign, make) in comparisons {
            guard let range = text.split(around: sign) else { continue }
            return (range.before.trimmed, make(range.after.split(separator: ",").map { unquoted(String($0)) }))
        }
        let key = text.trimmed
        return key.hasPrefix("not ") ? (String(key.dropFirst(4)).trimmed, .absent) : (key, .present)
    }

    private static let comparisons: [(String, @Sendable ([String]) -> TextTest)] = [
        ("!=", { .isNoneOf($0) }), ("*=", { .contains($0.joined(separator: ",")) }), ("=", { .isOneOf($0) }),
    ]

    private static func unquoted(_ text: String) -> String {
        let text = text.trimmed
        guard let quote = text.first, quote == "'" || quote == "\"", text.count > 1, text.last == quote else {
            return text
        }
        return String(text.dropFirst().dropLast())
    }
}

extension String {
    /// What stands before and after the first occurrence of a sign; nil when it does not occur.
    func split(around sign: String) -> (before: String, after: String)? {
        var position = startIndex
        while position < endIndex {
            if self[position...].hasPrefix(sign) {
                return (String(self[..<position]), String(self[index(position, offsetBy: sign.count)...]))
            }
            formIndex(after: &position)
        }
        return nil
    }

    /// The text's parts at a separator, found in one pass: documents hold texts of any length.
    func parts(at separator: String) -> [String] {
        let bytes = Array(utf8)
        let sign = Array(separator.utf8)
        guard let first = sign.first else { return [self] }
        var parts: [String] = []
        var start = 0
        var position = 0
        while position + sign.count <= bytes.count {
            if bytes[position] == first, bytes[position..<(position + sign.count)].elementsEqual(sign) {
                parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
                position += sign.count
                start = position
            } else {
                position += 1
            }
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// The text's parts at a separator that is not inside brackets or parentheses.
    func split(outsideBrackets separator: Character) -> [String] {
        var parts = [""]
        var depth = 0
        for character in self {
            switch character {
            case "[", "(": depth += 1
            case "]", ")": depth -= 1
            default: break
            }
            if character == separator, depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }

    /// A name and the bracketed or parenthesised parts that follow it: `name[use=official][0]` gives `name` and two parts.
    func splitBrackets(_ opening: Character = "[", _ closing: Character = "]") -> (name: String, parts: [String]) {
        var name = ""
        var parts: [String] = []
        var depth = 0
        for character in self {
            if character == opening {
                if depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
                depth += 1
            } else if character == closing, depth > 0 {
                depth -= 1
                if depth > 0 { parts[parts.count - 1].append(character) }
            } else if depth > 0 {
                parts[parts.count - 1].append(character)
            } else {
                name.append(character)
            }
        }
        return (name, parts)
    }
}
