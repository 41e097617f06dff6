/// The writing half of ``StrictJSON``.
struct JSONWriter {
    var bytes: [UInt8] = []
    private let pretty: Bool
    private var depth = 0

    init(pretty: Bool) { self.pretty = pretty }

    mutating func write(_ value: Value) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let text):
            // A spreadsheet's 007 is a number to the tree but not to JSON; as a string it keeps its digits.
            if Self.isNumber(text) { bytes.append(contentsOf: text.utf8) } else { write(text) }
        case .string(let text): write(text)
        case .array(let elements): write(elements, from: "[", to: "]") { writer, element in writer.write(element) }
        case .object(let object):
            write(object, from: "{", to: "}") { writer, member in
                writer.write(member.key)
                writer.bytes.append(contentsOf: (writer.pretty ? ": " : ":").utf8)
                writer.write(member.value)
            }
        }
    }

    private mutating func write<Parts: Collection>(
        _ parts: Parts, from open: Unicode.Scalar, to close: Unicode.Scalar,
        each: (inout JSONWriter, Parts.Element) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        depth += 1
        for (index, part) in parts.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine()
            each(&self, part)
        }
        depth -= 1
        if !parts.isEmpty { breakLine() }
        bytes.append(UInt8(ascii: close))
    }

    private mutating func breakLine() {
        guard pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        // As a rule nothing needs an escape, and all goes in one piece.
        let isPlain = text.withUTF8 { utf8 in
            guard utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) else {
                return false
            }
            bytes.append(contentsOf: utf8)
            return true
        }
        if !isPlain { writeEscaped(text) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: #"\u00"#.utf8)
                bytes.append(Self.hex[Int(byte >> 4)])
                bytes.append(Self.hex[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
    }

    private static let hex = Array("0123456789abcdef".utf8)

    private static func isNumber(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") < 10 else {
            return false
        }
        var reader = JSONReader(bytes: bytes, from: 0, limits: .default)
        return (try? reader.document()) != nil && bytes.last.map { $0 > UInt8(ascii: " ") } == true
    }
}
