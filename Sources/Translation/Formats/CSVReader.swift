import Referral

/// Reads the rows of a table from bytes.
///
/// Not SwiftCSV: it stops the whole file at the first bad quotation mark, tells no line numbers, drops leading white space
/// and an empty last cell, and reads `String` character by character.
struct CSVReader {
    private static let quote = UInt8(ascii: "\"")
    private static let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]

    private let bytes: [UInt8]
    private let limits: Limits
    private var position: Int
    private var line = 1
    private var separator = UInt8(ascii: ",")

    init(decoding raw: [UInt8], limits: Limits) throws(DocumentError) {
        self.limits = limits
        if raw.starts(with: [0xFF, 0xFE]) || raw.starts(with: [0xFE, 0xFF]) {
            throw DocumentError(.encoding, at: "line 1", "UTF-16 is not read: save the table as CSV in UTF-8")
        }
        if let offset = raw.firstIndex(of: 0) {
            throw DocumentError(.notParseable, at: raw.place(of: offset), "the table holds a NUL byte")
        }
        let invalid = raw.firstInvalidUTF8
        if let invalid, raw.hasByteOrderMark {
            throw DocumentError(.encoding, at: raw.place(of: invalid), "the table is marked as UTF-8 and is not")
        }
        bytes = (invalid == nil ? TextEncoding.utf8 : .windows1252).utf8(raw)
        position = raw.hasByteOrderMark ? 3 : 0
    }

    consuming func table() throws(DocumentError) -> CSVTable {
        skipHint()
        let header = try header()
        var rows: [CSVTable.Row] = []
        var cells = 0
        while let row = nextRow() {
            if row.problem == nil, row.cells.allSatisfy({ $0.trimmed.isEmpty }) { continue }
            if rows.count == limits.rows { throw .tooLarge("the table has more than \(limits.rows) rows") }
            rows.append(Self.fit(row, to: header.count))
            cells += row.cells.count
            if cells > limits.cells { throw .tooLarge("the table has more than \(limits.cells) cells") }
        }
        return CSVTable(header: header, rows: rows, separator: Character(Unicode.Scalar(separator)))
    }

    private mutating func header() throws(DocumentError) -> [String] {
        while position < bytes.count, [0x0A, 0x0D, 0x20].contains(bytes[position]) {
            if isLineEnd { takeLineEnd() } else { position += 1 }
        }
        let start = self
        var best: (reader: CSVReader, cells: [String])?
        for candidate in Self.candidates {
            var reader = start
            reader.separator = candidate
            guard let row = reader.nextRow() else { continue }
            if let problem = row.problem, problem.code == .tooLarge { throw problem }
            guard row.problem == nil, row.cells.count > best?.cells.count ?? 0 else { continue }
            best = (reader, row.cells.map(\.trimmed))
        }
        guard position < bytes.count else { throw .empty }
        guard let best, !best.cells.allSatisfy(\.isEmpty) else {
            throw DocumentError(.notParseable, at: "line \(line)", "the header row cannot be read")
        }
        self = best.reader
        return best.cells
    }

    /// Excel puts `sep=;` before the header to tell itself the separator.
    private mutating func skipHint() {
        let first = bytes[position...].prefix { $0 != 0x0A && $0 != 0x0D }
        guard first.count == 5, first.starts(with: "sep=".utf8) else { return }
        position = first.endIndex
        takeLineEnd()
    }

    private static func fit(_ row: CSVTable.Row, to count: Int) -> CSVTable.Row {
        var cells = row.cells
        while cells.count > count, cells.last?.isEmpty == true { cells.removeLast() }
        guard row.problem == nil else { return row }
        guard cells.count == count else {
            return problem(
                row.line,
                .init(.schema, at: "line \(row.line)", "the row has \(cells.count) cells, the header \(count)"))
        }
        return CSVTable.Row(line: row.line, cells: cells, problem: nil)
    }

    private static func problem(_ line: Int, _ error: DocumentError) -> CSVTable.Row {
        CSVTable.Row(line: line, cells: [], problem: error)
    }

    /// The next row; nil at the end.
    ///
    /// After a bad quotation mark the next row is looked for on the next line of the file: a quotation mark that is never
    /// closed must not swallow the rows that follow.
    private mutating func nextRow() -> CSVTable.Row? {
        guard position < bytes.count else { return nil }
        let start = self
        var cells: [String] = []
        repeat {
            guard
                let cell = isQuote
                    ? quotedCell().map(Self.plain) : isTextFormula ? textFormula() : plainCell().map(Self.plain)
            else {
                return skip(from: start, .notParseable, "a quotation mark stands alone or is not doubled")
            }
            if cells.count < limits.columns {
                cells.append(cell)
            } else if !cell.isEmpty {
                return skip(from: start, .tooLarge, "the row has more than \(limits.columns) cells")
            }
        } while takeSeparator()
        takeLineEnd()
        return CSVTable.Row(line: start.line, cells: cells, problem: nil)
    }

    /// Gives the row up and goes to the line after the one on which it began.
    private mutating func skip(from start: CSVReader, _ code: FindingCode, _ text: String) -> CSVTable.Row {
        self = start
        position = bytes[position...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
        takeLineEnd()
        return Self.problem(start.line, .init(code, at: "line \(start.line)", text))
    }

    /// A cell without quotation marks; nil when there is one in it.
    private mutating func plainCell() -> String? {
        let start = position
        while position < bytes.count, !isSeparator, !isLineEnd {
            if isQuote { return nil }
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A cell in quotation marks, which may hold separators, line breaks and doubled quotation marks; nil when it is not
    /// closed or something follows the closing mark.
    private mutating func quotedCell() -> String? {
        position += 1
        var text: [UInt8] = []
        var start = position
        while position < bytes.count {
            if isLineEnd {
                takeLineEnd()
            } else if !isQuote {
                position += 1
            } else {
                text += bytes[start..<position]
                position += 1
                if !isQuote {
                    return position == bytes.count || isSeparator || isLineEnd
                        ? String(decoding: text, as: UTF8.self) : nil
                }
                start = position
                position += 1
            }
        }
        return nil
    }

    /// `="01632 960123"`, by which people keep a spreadsheet from making a number of a text, written without the quotation marks
    /// that it needs.
    private var isTextFormula: Bool { bytes[position...].starts(with: [UInt8(ascii: "="), Self.quote]) }

    private mutating func textFormula() -> String? {
        position += 1
        return quotedCell()
    }

    /// The text that a cell was written for: `="x"` is `x`, and the apostrophe goes that keeps a formula from being run.
    private static func plain(_ cell: String) -> String {
        let bytes = cell.utf8
        if bytes.starts(with: "=\"".utf8), bytes.last == quote, bytes.count > 2 {
            let inner = cell.dropFirst(2).dropLast()
            if !inner.contains("\"") { return String(inner) }
        }
        if bytes.first == UInt8(ascii: "'"), let second = bytes.dropFirst().first, "=+-@\t\r".utf8.contains(second) {
            return String(cell.dropFirst())
        }
        return cell
    }

    private var isQuote: Bool { position < bytes.count && bytes[position] == Self.quote }
    private var isSeparator: Bool { position < bytes.count && bytes[position] == separator }
    private var isLineEnd: Bool { position < bytes.count && (bytes[position] == 0x0A || bytes[position] == 0x0D) }

    private mutating func takeSeparator() -> Bool {
        guard isSeparator else { return false }
        position += 1
        return true
    }

    private mutating func takeLineEnd() {
        guard isLineEnd else { return }
        let isReturn = bytes[position] == 0x0D
        position += 1
        line += 1
        if isReturn, position < bytes.count, bytes[position] == 0x0A { position += 1 }
    }
}
