import Referral

/// Reads the first visible sheet of a workbook as a table (ECMA-376, Office Open XML, part 1, section 18).
///
/// What people see is read: dates in the cells' formats become `yyyy-mm-dd`, results stand in place of formulas, shared and
/// inline strings are texts. Empty rows are skipped, as in a file of comma-separated values.
struct XLSXReader {
    private let limits: Limits
    private let strings: [String]
    private let styles: XLSXStyles
    private let sheet: XMLNode

    /// Whether bytes are an archive with a workbook in it.
    static func isWorkbook(_ bytes: [UInt8]) -> Bool {
        guard bytes.starts(with: ZipArchive.signature), let archive = try? ZipArchive(bytes) else { return false }
        return archive.names.contains(workbook)
    }

    private static let workbook = "xl/workbook.xml"

    init(_ bytes: [UInt8], limits: Limits) throws(DocumentError) {
        self.limits = limits
        let archive = try ZipArchive(bytes)
        guard let book = try Self.part(Self.workbook, of: archive) else {
            throw DocumentError(.notParseable, at: "", "the archive holds no workbook")
        }
        let sheets = book.child(named: "sheets")?.children(named: "sheet") ?? []
        guard let first = sheets.first(where: { ($0.attribute("state") ?? "visible") == "visible" }) else {
            throw DocumentError(.missing, at: Self.workbook, "the workbook has no visible sheet")
        }
        let relations = try Self.part("xl/_rels/workbook.xml.rels", of: archive)?.children ?? []
        func targets(where isWanted: (XMLNode) -> Bool) -> String? {
            relations.first(where: isWanted)?.attribute("Target").map(Self.name)
        }
        // `r:id` in the namespace of relationships; `sheetId` is another thing.
        let id = first.attributes.first { $0.name == "id" }?.value
        guard let name = targets(where: { $0.attribute("Id") == id }), let sheet = try Self.part(name, of: archive)
        else {
            throw DocumentError(.notParseable, at: Self.workbook, "the workbook's first sheet is not in it")
        }
        self.sheet = sheet
        let is1904 = ["1", "true"].contains(book.child(named: "workbookPr")?.attribute("date1904") ?? "")
        let styleSheet = try targets { $0.attribute("Type")?.hasSuffix("/styles") == true }
            .flatMap { name throws(DocumentError) in try Self.part(name, of: archive) }
        styles = XLSXStyles(styleSheet, is1904: is1904)
        let shared = try targets { $0.attribute("Type")?.hasSuffix("/sharedStrings") == true }
            .flatMap { name throws(DocumentError) in try Self.part(name, of: archive) }
        strings = shared?.children(named: "si").map(Self.text) ?? []
    }

    /// The path of a part that the workbook names, which is relative to the workbook's folder unless it begins with a slash.
    private static func name(of target: String) -> String {
        target.hasPrefix("/") ? String(target.dropFirst()) : "xl/\(target)"
    }

    private static func part(_ name: String, of archive: ZipArchive) throws(DocumentError) -> XMLNode? {
        guard let bytes = try archive.bytes(of: name) else { return nil }
        do throws(DocumentError) {
            var limits = Limits.xml
            limits.bytes = ZipArchive.Limits().bytes
            return try XMLDocument.parse(bytes, limits: limits)
        } catch {
            throw DocumentError(error.code, at: error.path.isEmpty ? name : "\(name), \(error.path)", error.text)
        }
    }

    /// The text of a string item: its own, or that of its runs, without the phonetic hints of East Asian scripts.
    private static func text(of item: XMLNode) -> String {
        item.children.map { part in
            switch part.name {
            case "t": part.text
            case "r": part.children(named: "t").map(\.text).joined()
            default: ""
            }
        }.joined()
    }

    consuming func table() throws(DocumentError) -> CSVTable {
        var header: [String] = []
        var rows: [CSVTable.Row] = []
        var cells = 0
        var number = 0
        for row in sheet.child(named: "sheetData")?.children(named: "row") ?? [] {
            number = row.attribute("r").flatMap(Int.init) ?? number + 1
            let read = try self.cells(of: row, number, isHeader: header.isEmpty)
            if read.allSatisfy({ $0.trimmed.isEmpty }) { continue }
            guard !header.isEmpty else {
                header = read.map(\.trimmed)
                continue
            }
            if rows.count == limits.rows { throw .tooLarge("the table has more than \(limits.rows) rows") }
            cells += header.count
            if cells > limits.cells { throw .tooLarge("the table has more than \(limits.cells) cells") }
            rows.append(Self.fit(read, number, to: header.count))
        }
        guard !header.isEmpty else { throw .empty }
        return CSVTable(header: header, rows: rows, separator: "\t")
    }

    private static func fit(_ cells: [String], _ number: Int, to count: Int) -> CSVTable.Row {
        var cells = cells
        while cells.count > count, cells.last?.trimmed.isEmpty == true { cells.removeLast() }
        guard cells.count <= count else {
            let problem = DocumentError(
                .schema, at: "line \(number)", "the row has \(cells.count) cells, the header \(count)")
            return CSVTable.Row(line: number, cells: [], problem: problem)
        }
        let missing = Array(repeating: "", count: count - cells.count)
        return CSVTable.Row(line: number, cells: cells + missing, problem: nil)
    }

    /// The cells of a row at their columns. The last of two at the same place counts, as it does in spreadsheets.
    private func cells(of row: XMLNode, _ number: Int, isHeader: Bool) throws(DocumentError) -> [String] {
        var cells: [String] = []
        var column = -1
        for cell in row.children(named: "c") {
            column = cell.attribute("r").flatMap(Self.column) ?? column + 1
            let text = text(of: cell)
            guard column < limits.columns else {
                if text.isEmpty { continue }
                throw .tooLarge("the row has more than \(limits.columns) cells", at: "line \(number)")
            }
            if column >= cells.count { cells += Array(repeating: "", count: column + 1 - cells.count) }
            cells[column] = text
        }
        return cells
    }

    /// `C7` is column 2; nil for what is no reference.
    private static func column(of reference: String) -> Int? {
        var column = 0
        for byte in reference.utf8.prefix(while: { $0 >= UInt8(ascii: "A") }) {
            guard byte <= UInt8(ascii: "Z") else { return nil }
            if column > 1_000_000 { break }
            column = column * 26 + Int(byte - UInt8(ascii: "A")) + 1
        }
        return column > 0 ? column - 1 : nil
    }

    private func text(of cell: XMLNode) -> String {
        let value = cell.child(named: "v")?.text ?? ""
        switch cell.attribute("t") {
        case "s":
            guard let index = Int(value.trimmed), strings.indices.contains(index) else { return "" }
            return strings[index]
        case "inlineStr": return cell.child(named: "is").map(Self.text) ?? ""
        case "b": return value.trimmed == "1" ? "yes" : "no"
        case "str", "e", "d": return value
        default: return styles.text(of: value.trimmed, style: cell.attribute("s").flatMap(Int.init) ?? 0)
        }
    }
}
