/// One line of the log of everything that was decided, released, refused, viewed or made.
///
/// It holds ids, group names and code words, never a value about a person; a field exists only in ``LedgerField``.
/// Its meaning is fixed by ``canonicalBytes``, on which the proofs rest.
package struct LedgerEntry: Sendable, Hashable {
    /// A UUID of version 7 as lower-case text.
    package var id: String
    /// Microseconds since 1970-01-01 UTC.
    package var at: Int64
    package var kind: LedgerKind
    package var fields: [LedgerField: String]

    package init(id: String, at: Int64, kind: LedgerKind, fields: [LedgerField: String]) {
        self.id = id
        self.at = at
        self.kind = kind
        self.fields = fields
    }

    /// The entry as a JSON object in the canonical form of RFC 8785, restricted to one level of string members.
    ///
    /// `at` is the number of microseconds as text, since RFC 8785 numbers are IEEE doubles. Members stand in the order
    /// of their names, there is no white space, and only what JSON demands is escaped. Anybody can make these bytes
    /// again from an export and recompute ``Commitment``.
    package var canonicalBytes: [UInt8] {
        var members = [("id", id), ("at", String(at)), ("kind", kind.rawValue)]
        members += fields.map { ($0.key.rawValue, $0.value) }
        // All names are ASCII, so their order is that of UTF-16 code units, which RFC 8785 section 3.2.3 asks for.
        members.sort { $0.0 < $1.0 }
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        bytes.reserveCapacity(members.reduce(2) { $0 + $1.0.utf8.count + $1.1.utf8.count + 6 })
        for (name, value) in members {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            Self.append(name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            Self.append(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// RFC 8785 section 3.2.2.2: the two-character escapes where JSON has them, `\u00xx` for other controls.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        bytes.append(quote)
        defer { bytes.append(quote) }
        // As a rule nothing needs an escape, and all goes in one piece.
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == quote || $0 == UInt8(ascii: "\\") }) else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        for byte in text.utf8 {
            switch byte {
            case quote, UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += Array(#"\b"#.utf8)
            case 0x09: bytes += Array(#"\t"#.utf8)
            case 0x0A: bytes += Array(#"\n"#.utf8)
            case 0x0C: bytes += Array(#"\f"#.utf8)
            case 0x0D: bytes += Array(#"\r"#.utf8)
            case ..<0x20:
                let digits = String(byte, radix: 16)
                bytes += Array((byte < 0x10 ? "\\u000" : "\\u00").utf8) + Array(digits.utf8)
            default: bytes.append(byte)
            }
        }
    }
}
