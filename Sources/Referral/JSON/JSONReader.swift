/// The reading half of ``StrictJSON``: recursive descent over bytes already known to be UTF-8.
///
/// The recursion is bounded by the depth limit, so that a document of brackets cannot exhaust the stack.
struct JSONReader {
    private let bytes: [UInt8]
    private let deepest: Int
    private let mostValues: Int
    private var position: Int
    private var depth = 0
    private var values = 0

    init(bytes: [UInt8], from start: Int, limits: Limits) {
        self.bytes = bytes
        position = start
        deepest = min(limits.depth, Limits.deepest)
        mostValues = limits.nodes
    }

    mutating func document() throws(DocumentError) -> Value {
        skipSpace()
        if position == bytes.count { throw .empty }
        let value = try value()
        skipSpace()
        if position < bytes.count { throw error("something follows the end of the document") }
        return value
    }

    private mutating func value() throws(DocumentError) -> Value {
        values += 1
        if values > mostValues { throw .tooLarge("the document has more than \(mostValues) values") }
        switch peek {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "-")?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return .number(try number())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw error("a value is expected here")
        }
    }

    private mutating func object() throws(DocumentError) -> Value {
        try descend()
        var object = Object()
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipSpace()
                guard peek == UInt8(ascii: "\"") else {
                    throw error("a member's name in quotation marks is expected here")
                }
                let start = position
                let key = try string()
                skipSpace()
                guard take(UInt8(ascii: ":"), spaceBefore: false) else { throw error("a colon is expected here") }
                skipSpace()
                guard object.insert(try value(), for: key) else {
                    throw error("the object has two members of this name", at: start)
                }
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw error("a comma or the end of the object is expected here") }
        }
        depth -= 1
        return .object(object)
    }

    private mutating func array() throws(DocumentError) -> Value {
        try descend()
        var elements: [Value] = []
        if !take(UInt8(ascii: "]")) {
            repeat {
                skipSpace()
                elements.append(try value())
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw error("a comma or the end of the array is expected here") }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func descend() throws(DocumentError) {
        depth += 1
        if depth > deepest { throw error("the document is nested deeper than \(deepest) levels") }
        position += 1
    }

    private mutating func word(_ word: StaticString, _ value: Value) throws(DocumentError) -> Value {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length, (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw error("a value is expected here") }
        position += length
        return value
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, RFC 8259 section 6.
    private mutating func number() throws(DocumentError) -> String {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        if peek == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if peek == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(DocumentError) {
        let start = position
        while let byte = peek, byte &- UInt8(ascii: "0") < 10 { position += 1 }
        if position == start { throw error("a digit is expected here") }
    }

    private mutating func string() throws(DocumentError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: bytes[start..<position - 1], as: UTF8.self)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw error("a control character in a string must be escaped")
            default: position += 1
            }
        }
        throw error("the string does not end")
    }

    /// Goes on with a string at its first escape.
    private mutating func escapedString(from start: Int) throws(DocumentError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: UTF8.encode(try escape()).unsafelyUnwrapped)
            case 0..<0x20: throw error("a control character in a string must be escaped")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw error("the string does not end")
    }

    private mutating func escape() throws(DocumentError) -> Unicode.Scalar {
        let start = position
        position += 2
        switch start + 1 < bytes.count ? bytes[start + 1] : 0 {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw error("this escape does not exist", at: start)
        }
        let unit = try fourHexDigits()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // A scalar beyond U+FFFF is written as two escapes, a high then a low surrogate (RFC 8259 section 7).
        guard unit < 0xDC00, peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw error("half of a surrogate pair stands alone", at: start) }
        position += 2
        let low = try fourHexDigits()
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit - 0xD800) << 10) + UInt32(low - 0xDC00))
        else { throw error("half of a surrogate pair stands alone", at: start) }
        return scalar
    }

    private mutating func fourHexDigits() throws(DocumentError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = peek.flatMap(hexDigit) else { throw error("four hexadecimal digits are expected here") }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8, spaceBefore: Bool = true) -> Bool {
        if spaceBefore { skipSpace() }
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    private func error(_ text: String, at offset: Int? = nil) -> DocumentError {
        let offset = offset ?? position
        return DocumentError(
            .notParseable, at: bytes.place(of: offset), offset < bytes.count ? text : "the document ends too early")
    }
}

/// The value of a hexadecimal digit; nil for any other byte.
package func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
