/// The single-byte and UTF-8 encodings that partners use, decoded without the help of the platform's converters.
enum TextEncoding: Sendable, Hashable {
    case utf8
    /// Also used for what calls itself ISO 8859-1: the two differ only in 0x80–0x9F, where ISO 8859-1 has control
    /// characters that nobody means and Windows has quotation marks and the euro sign. The WHATWG Encoding Standard
    /// reads the label `iso-8859-1` the same way: https://encoding.spec.whatwg.org/#names-and-labels
    case windows1252

    /// The same text as UTF-8. Bytes already in UTF-8 come back as they are.
    func utf8(_ bytes: [UInt8]) -> [UInt8] {
        guard self == .windows1252 else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 8)
        for byte in bytes {
            if byte < 0x80 {
                result.append(byte)
            } else {
                result.append(contentsOf: UTF8.encode(Self.scalar(byte)).unsafelyUnwrapped)
            }
        }
        return result
    }

    /// Text in UTF-8 in this encoding; a character that it does not have becomes a question mark.
    func bytes(ofUTF8 bytes: [UInt8]) -> [UInt8] {
        guard self == .windows1252, bytes.contains(where: { $0 >= 0x80 }) else { return bytes }
        return String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
            if let index = Self.upper.firstIndex(of: scalar) { return UInt8(0x80 + index) }
            return UInt8(exactly: scalar.value).flatMap { (0x80...0x9F).contains($0) ? nil : $0 } ?? UInt8(ascii: "?")
        }
    }

    /// UTF-16 with a mark, or beginning with an ASCII character, as UTF-8 without a mark; nil when it is not UTF-16.
    static func utf8(fromUTF16 bytes: [UInt8]) -> [UInt8]? {
        let littleEndian = bytes.starts(with: [0xFF, 0xFE]) || bytes.dropFirst().first == 0
        guard bytes.count.isMultiple(of: 2) else { return nil }
        let units = stride(from: 0, to: bytes.count, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return littleEndian ? second << 8 | first : first << 8 | second
        }
        return String(validating: units[(units.first == 0xFEFF ? 1 : 0)...], as: UTF16.self).map { Array($0.utf8) }
    }

    private static func scalar(_ byte: UInt8) -> Unicode.Scalar {
        guard (0x80...0x9F).contains(byte) else { return Unicode.Scalar(byte) }
        return upper[Int(byte) - 0x80]
    }

    /// 0x80–0x9F of Windows-1252 (https://encoding.spec.whatwg.org/windows-1252.html); the five unassigned bytes map to
    /// the control characters of the same number.
    private static let upper: [Unicode.Scalar] = [
        "\u{20AC}", "\u{81}", "\u{201A}", "\u{192}", "\u{201E}", "\u{2026}", "\u{2020}", "\u{2021}",
        "\u{2C6}", "\u{2030}", "\u{160}", "\u{2039}", "\u{152}", "\u{8D}", "\u{17D}", "\u{8F}",
        "\u{90}", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{2022}", "\u{2013}", "\u{2014}",
        "\u{2DC}", "\u{2122}", "\u{161}", "\u{203A}", "\u{153}", "\u{9D}", "\u{17E}", "\u{178}",
    ]
}
