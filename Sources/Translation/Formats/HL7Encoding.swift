import Referral

/// How the bytes of an HL7 v2 message become text: its delimiters, its character set and its escape sequences.
struct HL7Encoding: Sendable, Hashable {
    var delimiters: HL7Delimiters
    /// The character set in which the message came, for the bytes of `\Xhh\`.
    var characterSet: TextEncoding

    /// The character set of a message, by MSH-18 (HL7 table 0211) and then by looking.
    ///
    /// `8859/1` is believed. Everything else, UTF-8 among it, is UTF-8 if the bytes are, else ISO 8859-1: the names of
    /// other sets are seen in messages that do not keep to them.
    static func characterSet(declared: some Collection<UInt8>, of bytes: [UInt8]) -> TextEncoding {
        if declared.elementsEqual("8859/1".utf8) { return .windows1252 }
        return bytes.firstInvalidUTF8 == nil ? .utf8 : .windows1252
    }

    /// The text of a piece, escape sequences replaced (HL7 v2.4 section 2.10).
    ///
    /// `\F\ \S\ \T\ \R\ \E\` give delimiters, `\.br\ \.sp\ \.ce\` line breaks, `\Xhh…\` bytes of the message's character
    /// set, `\H\ \N\` (highlighting) nothing. An escape that is not known is kept as it stands.
    func decode(_ bytes: ArraySlice<UInt8>) -> String {
        guard var position = bytes.firstIndex(of: delimiters.escape) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        var text = Array(bytes[..<position])
        while position < bytes.endIndex {
            if bytes[position] == delimiters.escape,
                let end = bytes[(position + 1)...].prefix(Self.longest).firstIndex(of: delimiters.escape),
                let replacement = replacement(bytes[(position + 1)..<end])
            {
                text.append(contentsOf: replacement)
                position = end + 1
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The same text with everything escaped that would be read as something else, as UTF-8.
    func encode(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.replacingLineBreaks().utf8 {
            switch byte {
            case delimiters.field: append("F", to: &bytes)
            case delimiters.component: append("S", to: &bytes)
            case delimiters.subcomponent: append("T", to: &bytes)
            case delimiters.repetition: append("R", to: &bytes)
            case delimiters.escape: append("E", to: &bytes)
            case UInt8(ascii: "\n"): append(".br", to: &bytes)
            case 0..<0x20, 0x7F:
                append("X" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true), to: &bytes)
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    /// Escapes longer than this are taken for text with a stray escape character; bounds the search for the end.
    private static let longest = 4096

    private func append(_ sequence: String, to bytes: inout [UInt8]) {
        bytes.append(delimiters.escape)
        bytes.append(contentsOf: sequence.utf8)
        bytes.append(delimiters.escape)
    }

    private func replacement(_ body: ArraySlice<UInt8>) -> [UInt8]? {
        switch String(decoding: body.prefix(4), as: UTF8.self) {
        case "F": [delimiters.field]
        case "S": [delimiters.component]
        case "T": [delimiters.subcomponent]
        case "R": [delimiters.repetition]
        case "E": [delimiters.escape]
        case "H", "N": []
        case ".br", ".sp", ".ce", ".BR": [UInt8(ascii: "\n")]
        default: body.first == UInt8(ascii: "X") ? hexadecimal(body.dropFirst()) : nil
        }
    }

    /// The bytes of `\Xhh…\` as UTF-8. Nil, so that the escape is kept, for what is no hexadecimal and for control
    /// characters other than tab and line breaks, which would only do harm further on.
    private func hexadecimal(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard !digits.isEmpty, digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for position in stride(from: digits.startIndex, to: digits.endIndex, by: 2) {
            guard let high = hexDigit(digits[position]), let low = hexDigit(digits[position + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || [0x09, 0x0A, 0x0D].contains($0) }) else { return nil }
        let encoding = bytes.firstInvalidUTF8 == nil ? characterSet : .windows1252
        return encoding.utf8(bytes)
    }
}

extension String {
    /// CR and CRLF as LF.
    func replacingLineBreaks() -> String {
        guard utf8.contains(UInt8(ascii: "\r")) else { return self }
        var bytes: [UInt8] = []
        var afterReturn = false
        for byte in utf8 {
            if byte == UInt8(ascii: "\r") {
                bytes.append(UInt8(ascii: "\n"))
            } else if byte != UInt8(ascii: "\n") || !afterReturn {
                bytes.append(byte)
            }
            afterReturn = byte == UInt8(ascii: "\r")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
