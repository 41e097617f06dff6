/// A line of an HL7 v2 message: its name and its fields.
package struct HL7Segment: Sendable {
    /// Three characters: `PID`, `NK1`, `ZU1`.
    package let name: String
    /// Its place in the message, from 1, as findings name it.
    package let number: Int

    private let fields: [ArraySlice<UInt8>]
    private let encoding: HL7Encoding

    init(line: ArraySlice<UInt8>, number: Int, encoding: HL7Encoding) {
        name = String(decoding: line.prefix(3), as: UTF8.self)
        self.number = number
        self.encoding = encoding
        var fields = line.split(separator: encoding.delimiters.field, omittingEmptySubsequences: false)
        // MSH-1 is the separator itself, so the header's fields count one further than those of other segments.
        if name == "MSH" { fields.insert(line.dropFirst(3).prefix(1), at: 1) }
        self.fields = fields
    }

    /// The number of fields that the line has, empty ones among them.
    package var count: Int { fields.count - 1 }

    /// A field, from 1. An absent one is an empty piece.
    package func field(_ number: Int) -> HL7Piece {
        let present = number >= 1 && number < fields.count
        return HL7Piece(
            level: .field, bytes: present ? fields[number] : fields[0].suffix(0), encoding: encoding,
            kind: kind(of: number))
    }

    /// What a path relative to this segment names, such as `-2.1`. The segment and occurrence of a path are not looked at.
    package func pieces(_ path: HL7Path) -> [HL7Piece] { path.field.map { field($0).pieces(path) } ?? [] }

    /// The decoded texts of what a relative path names, without those that are empty.
    package func values(_ path: HL7Path) -> [String] { pieces(path).map(\.text).filter { !$0.isEmpty } }

    /// Free text is what the standard types so: the comment of a note, and an observation whose OBX-2 says it is text.
    private func kind(of number: Int) -> HL7Piece.Kind {
        switch (name, number) {
        case ("MSH", 1), ("MSH", 2): .delimiters
        case ("NTE", 3): .freeText
        case ("OBX", 5)
        where fields.count > 2 && ["FT", "TX", "ST"].contains(String(decoding: fields[2], as: UTF8.self)):
            .freeText
        default: .parted
        }
    }

    /// Whether bytes are a segment's name: an upper-case letter, then two upper-case letters or digits.
    static func isName(_ bytes: some Collection<UInt8>) -> Bool { bytes.count == 3 && isNamePart(bytes) }

    /// Whether bytes could be the beginning of a segment's name.
    static func isNamePart(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return false }
        return bytes.allSatisfy {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
    }
}
