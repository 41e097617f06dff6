extension [UInt8] {
    /// Whether the bytes begin with UTF-8's byte order mark, as Windows programs write it.
    package var hasByteOrderMark: Bool { starts(with: [0xEF, 0xBB, 0xBF]) }

    /// Where the bytes stop being UTF-8 as RFC 3629 defines it (no surrogates, no overlong forms); nil when all are.
    package var firstInvalidUTF8: Int? {
        do {
            _ = try UTF8Span(validating: span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }

    /// `line 3, column 7` of an offset, both from 1, the column in bytes.
    package func place(of offset: Int) -> String {
        let before = self[..<Swift.min(offset, count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return "line \(line), column \(before.count - start + 1)"
    }
}
