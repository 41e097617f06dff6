import Referral

extension HL7Message {
    /// Parts what may be several messages: MLLP frames one after the other, a batch in FHS/BHS … BTS/FTS, or messages
    /// simply following one another in a file.
    ///
    /// Batch headers and trailers are dropped. Bytes in which no message begins come back whole, so that parsing them
    /// says what is wrong.
    package static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var messages: [Range<Int>] = []
        var open: Int?
        var position = bytes.hasByteOrderMark ? 3 : 0
        // A vertical tab within text is no frame, so frames count only when the bytes begin with one.
        let first = bytes[position...].first { !isLineBreak($0) && $0 != UInt8(ascii: " ") }
        let ends = first == MLLP.start ? [MLLP.start, MLLP.end] : []
        func close(at end: Int) {
            if let start = open { messages.append(start..<end) }
            open = nil
        }
        while position < bytes.count {
            let line = bytes[position...].prefix { !isLineBreak($0) && !ends.contains($0) }
            if isHeader(line, named: "MSH") {
                close(at: position)
                open = position
            } else if ["FHS", "BHS", "BTS", "FTS"].contains(where: { isHeader(line, named: $0) }) {
                close(at: position)
            }
            if line.endIndex < bytes.count, ends.contains(bytes[line.endIndex]) { close(at: line.endIndex) }
            position = line.endIndex + 1
        }
        close(at: bytes.count)
        return messages.isEmpty ? [bytes] : messages.map { Array(bytes[$0]) }
    }

    /// Whether a line is a segment of this name, followed by a separator and not by more of a word.
    static func isHeader(_ line: ArraySlice<UInt8>, named name: String) -> Bool {
        guard line.starts(with: name.utf8), let separator = line.dropFirst(3).first else { return false }
        return separator > UInt8(ascii: " ") && separator < 0x7F && !HL7Segment.isNamePart(name.utf8 + [separator])
            && !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains(separator)
    }
}
