/// Writes a table as RFC 4180 in UTF-8: commas, CRLF, every cell in quotation marks.
package enum CSVWriter {
    /// The bytes of a table.
    ///
    /// A cell that a spreadsheet would run as a formula, beginning with `= + - @` tab or CR, gets an apostrophe before it
    /// (https://owasp.org/www-community/attacks/CSV_Injection).
    package static func write(header: [String], rows: some Sequence<[String]>) -> [UInt8] {
        var bytes: [UInt8] = []
        write(header, to: &bytes)
        for row in rows { write(row, to: &bytes) }
        return bytes
    }

    /// A cell as it is written, but for quotation marks.
    static func guarded(_ cell: String) -> String { isFormula(cell) ? "'\(cell)" : cell }

    private static func isFormula(_ cell: String) -> Bool {
        cell.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
    }

    private static let quote = UInt8(ascii: "\"")

    private static func write(_ cells: [String], to bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(quote)
            for byte in guarded(cell).utf8 {
                bytes.append(byte)
                if byte == quote { bytes.append(quote) }
            }
            bytes.append(quote)
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }
}
