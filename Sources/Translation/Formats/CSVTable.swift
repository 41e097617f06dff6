package import Referral

/// A table with a header row: RFC 4180, with the separators and encodings that spreadsheets write, or a workbook (XLSX).
package struct CSVTable: Sendable {
    /// A row: its cells, or what is wrong with it.
    package struct Row: Sendable {
        /// The line on which it begins, from 1; a cell in quotation marks may go on over more. In a workbook the row's number.
        package let line: Int
        /// One for each column. Empty when there is a problem.
        package let cells: [String]
        /// Why the row cannot be used: `not_parseable` for quotation marks, `schema` or `too_large` for the
        /// number of cells.
        package let problem: DocumentError?
    }

    /// As written, white space around each trimmed.
    package let header: [String]
    /// Without blank rows, in the order of the file.
    package let rows: [Row]
    /// Comma, semicolon or tab; tab for a workbook.
    package let separator: Character

    private let columns: [String: [Int]]

    init(header: [String], rows: [Row], separator: Character) {
        self.header = header
        self.rows = rows
        self.separator = separator
        columns = Dictionary(grouping: header.indices) { Self.fold(header[$0]) }
    }

    /// Reads a table.
    ///
    /// The separator is the one that parts the header into most cells. UTF-8 if the bytes are, else Windows-1252. A bad
    /// row is that row's problem only; empty cells beyond the last column are dropped. What spreadsheets do to keep a text a text
    /// is undone: `="01632"` is `01632`, and an apostrophe before `=`, `+`, `-` or `@` goes.
    ///
    /// Of a workbook the first visible sheet is read, with dates as `yyyy-mm-dd`.
    ///
    /// - Throws: `not_parseable` when there is no header or it cannot be read, `encoding` for UTF-16 and for bytes with a
    ///   UTF-8 mark that are not UTF-8, `too_large` past a limit.
    package static func parse(_ bytes: [UInt8], limits: Limits = .default) throws(DocumentError) -> CSVTable {
        try limits.admit(bytes)
        if bytes.starts(with: ZipArchive.signature) { return try XLSXReader(bytes, limits: limits).table() }
        if bytes.starts(with: Self.oldWorkbook) {
            throw DocumentError(
                .notParseable, at: "", "a workbook of the old kind, or one with a password: save it as .xlsx or CSV")
        }
        return try CSVReader(decoding: bytes, limits: limits).table()
    }

    /// The compound file in which Excel up to 2003 wrote workbooks, and every Excel writes those with a password.
    private static let oldWorkbook: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0]

    /// The columns whose folded header is the folded name, in order.
    package func columns(named name: String) -> [Int] { columns[Self.fold(name)] ?? [] }

    /// The first cell that is not blank among a row's columns of a name, white space around it trimmed; nil if there is none.
    package func value(_ name: String, in row: Row) -> String? {
        columns(named: name).lazy.filter { row.cells.indices.contains($0) }.map { row.cells[$0].trimmed }
            .first { !$0.isEmpty }
    }

    /// A header's name as names are compared: lower-cased letters and digits only, so that `D.O.B.` is `dob`.
    package static func fold(_ name: String) -> String {
        String(
            name.lowercased().unicodeScalars.filter { $0.properties.isAlphabetic || $0.properties.numericType != nil })
    }
}
