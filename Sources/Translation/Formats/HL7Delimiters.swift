import Referral

/// The characters that part an HL7 v2 message, as its own MSH-1 and MSH-2 declare them (HL7 v2.4 section 2.8).
package struct HL7Delimiters: Sendable, Hashable {
    package var field = UInt8(ascii: "|")
    package var component = UInt8(ascii: "^")
    package var repetition = UInt8(ascii: "~")
    package var escape = UInt8(ascii: "\\")
    package var subcomponent = UInt8(ascii: "&")

    /// `|^~\&`, which the standard recommends and nearly everybody uses.
    package static let standard = HL7Delimiters()

    /// MSH-2: component, repetition, escape, subcomponent.
    package var encodingCharacters: String {
        String(decoding: [component, repetition, escape, subcomponent], as: UTF8.self)
    }
}

extension HL7Delimiters {
    /// Reads MSH-1 and MSH-2 from the bytes of an MSH segment.
    ///
    /// An encoding character that MSH-2 leaves out is the recommended one. `^~\\&`, where a program has escaped the
    /// escape character once too often, is read as `^~\&`.
    init(header: ArraySlice<UInt8>) throws(DocumentError) {
        let separator = header.dropFirst(3).first
        guard let separator, Self.isDelimiter(separator) else {
            throw DocumentError(.notParseable, at: "segment 1", "MSH-1 is not a field separator")
        }
        field = separator
        var declared = Array(header.dropFirst(4).prefix { $0 != separator })
        if declared.count > 4, declared[2] == declared[3] { declared.remove(at: 3) }
        let recommended = [component, repetition, escape, subcomponent]
        let characters = declared.prefix(4) + recommended.dropFirst(declared.count)
        guard characters.allSatisfy(Self.isDelimiter), Set(characters + [separator]).count == 5 else {
            throw DocumentError(
                .notParseable, at: "segment 1", "MSH-2 does not hold four different encoding characters")
        }
        (component, repetition, escape, subcomponent) = (characters[0], characters[1], characters[2], characters[3])
    }

    /// Whether a byte begins another segment, field, repetition, component or subcomponent.
    func parts(_ byte: UInt8) -> Bool {
        byte == field || byte == component || byte == repetition || byte == subcomponent || HL7Message.isLineBreak(byte)
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): false
        case UInt8(ascii: "0")...UInt8(ascii: "9"): false
        default: (0x21...0x7E).contains(byte)
        }
    }
}
