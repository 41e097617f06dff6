package import Referral

/// An HL7 v2 message, read by position and with the tolerance that genuine feeds need.
///
/// Nothing is checked against a structure: unknown segments, extra fields and a missing PRD are normal in UK feeds, and
/// the mapping says what it needs. Fields are parted and decoded when asked, so reading a message costs one pass.
package struct HL7Message: Sendable {
    /// The bytes as they came.
    package let raw: [UInt8]
    /// What MSH-1 and MSH-2 declare.
    package let delimiters: HL7Delimiters
    /// In the order of the message, MSH first.
    package let segments: [HL7Segment]
    /// In which the bytes came.
    let characterSet: TextEncoding

    /// Reads one message.
    ///
    /// Segments end with CR, LF or CRLF; blank lines, MLLP framing and a byte order mark are skipped. A line that does not
    /// begin like a segment goes on with the field before it: line breaks inside notes are sent unescaped.
    ///
    /// - Throws: `not_parseable` with the segment's number when there is no MSH, its delimiters cannot be used, it ends
    ///   before the message type or the message breaks off within a segment's name; `too_large` past a limit.
    package static func parse(_ bytes: [UInt8], limits: Limits = .default) throws(DocumentError) -> HL7Message {
        try limits.admit(bytes)
        return try HL7Message(bytes, limits: limits)
    }

    private init(_ raw: [UInt8], limits: Limits) throws(DocumentError) {
        self.raw = raw
        if let offset = raw.firstIndex(of: 0) {
            throw DocumentError(.notParseable, at: raw.place(of: offset), "the message holds a NUL byte")
        }
        let header = try Self.header(of: raw)
        delimiters = try HL7Delimiters(header: header)
        if raw.count(where: delimiters.parts) > limits.nodes {
            throw .tooLarge("the message has more than \(limits.nodes) parts")
        }
        // MSH-18 is a list; the first set is that of the message, unless others are switched to, which nobody does.
        let declared =
            header.split(separator: delimiters.field, omittingEmptySubsequences: false).dropFirst(17).first ?? []
        let characterSet = HL7Encoding.characterSet(
            declared: declared.prefix { [delimiters] in $0 != delimiters.repetition }, of: raw)
        self.characterSet = characterSet
        let encoding = HL7Encoding(delimiters: delimiters, characterSet: characterSet)
        segments = try Self.lines(of: characterSet.utf8(raw), separator: delimiters.field)
            .enumerated().map { HL7Segment(line: $1, number: $0 + 1, encoding: encoding) }
        if segments[0].field(9).isEmpty {
            throw DocumentError(.notParseable, at: "segment 1", "MSH ends before MSH-9, the message type")
        }
    }

    /// The segments of a name, in order.
    package func segments(named name: String) -> [HL7Segment] { segments.filter { $0.name == name } }

    /// The segments that a path names; of a path without a segment, none.
    package func segments(_ path: HL7Path) -> [HL7Segment] {
        let named = path.segment.map(segments(named:)) ?? []
        guard let occurrence = path.occurrence else { return named }
        return named.indices.contains(occurrence - 1) ? [named[occurrence - 1]] : []
    }

    /// The pieces that a path names, empty ones among them.
    package func pieces(_ path: HL7Path) -> [HL7Piece] { segments(path).flatMap { $0.pieces(path) } }

    /// The decoded texts of what a path names, without those that are empty; a deletion is ``HL7Piece/deletion``.
    package func values(_ path: HL7Path) -> [String] { pieces(path).map(\.text).filter { !$0.isEmpty } }

    /// The first of the values of a path that is not empty.
    package func first(_ path: HL7Path) -> String? {
        pieces(path).lazy.map(\.text).first { !$0.isEmpty }
    }

    /// The message itself; of an A40 that joins the records of several people, a message for each.
    ///
    /// ADT_A39, the structure of A40, repeats PID, PD1, MRG and PV1 (HL7 v2.4, section 3.3.40). Read as one message, one
    /// person would get the other's numbers.
    var merges: [HL7Message] {
        let starts = segments.indices.filter { segments[$0].name == "PID" }
        guard starts.count > 1, first("MSH-9.2") == "A40" else { return [self] }
        return zip(starts, starts.dropFirst() + [segments.endIndex]).map { start, end in
            HL7Message(
                raw: raw, delimiters: delimiters, segments: segments[..<starts[0]] + segments[start..<end],
                characterSet: characterSet)
        }
    }

    private init(
        raw: [UInt8], delimiters: HL7Delimiters, segments: ArraySlice<HL7Segment>, characterSet: TextEncoding
    ) {
        self.raw = raw
        self.delimiters = delimiters
        self.segments = Array(segments)
        self.characterSet = characterSet
    }

    /// The MSH segment of a message as a message of its own, for answers that need no more; nil when it cannot be read.
    package static func header(ofMessage bytes: [UInt8]) -> HL7Message? {
        (try? header(of: bytes)).flatMap { try? parse(Array($0)) }
    }

    /// The bytes of the MSH segment without what stands before and after it.
    private static func header(of bytes: [UInt8]) throws(DocumentError) -> ArraySlice<UInt8> {
        let start = bytes.hasByteOrderMark ? 3 : 0
        let line = bytes[start...].drop { isLineBreak($0) || $0 == MLLP.start || $0 == UInt8(ascii: " ") }
            .prefix { !isLineBreak($0) && $0 != MLLP.end }
        guard line.starts(with: "MSH".utf8) else {
            throw DocumentError(.notParseable, at: "segment 1", "the message does not begin with MSH")
        }
        return line
    }

    /// The lines that begin a segment, each with the lines that go on with it.
    private static func lines(
        of bytes: [UInt8], separator: UInt8
    ) throws(DocumentError) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = bytes.firstIndex(of: UInt8(ascii: "M")) ?? bytes.endIndex
        while start < bytes.endIndex {
            let line = bytes[start...].prefix { !isLineBreak($0) && $0 != MLLP.end }
            let name = line.prefix { $0 != separator }
            if HL7Segment.isName(name) {
                lines.append(line)
            } else if line.endIndex == bytes.endIndex, line.count < 3, HL7Segment.isNamePart(line) {
                throw DocumentError(.notParseable, at: "segment \(lines.count + 1)", "the message breaks off here")
            } else if !line.allSatisfy({ $0 == UInt8(ascii: " ") }), let last = lines.last {
                lines[lines.count - 1] = bytes[last.startIndex..<line.endIndex]
            }
            start = line.endIndex + 1
        }
        return lines
    }

    static func isLineBreak(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") }
}
