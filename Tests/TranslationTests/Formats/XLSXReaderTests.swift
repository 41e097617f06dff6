import Referral
import Testing

@testable import Translation

struct XLSXReaderTests {
    /// A workbook with one sheet of these rows.
    static func workbook(
        _ rows: String, strings: String = "", styles: String = "",
        sheets: String = #"<sheet name="A" sheetId="1" r:id="r1"/>"#,
        properties: String = ""
    ) -> [UInt8] {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        return ZipFile.write([
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml":
                "<workbook xmlns='\(main)' xmlns:r='\(office)'>\(properties)<sheets>\(sheets)</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": """
            <Relationships><Relationship Id="r1" Type="\(office)/worksheet" Target="worksheets/sheet1.xml"/>
            <Relationship Id="r2" Type="\(office)/worksheet" Target="/xl/worksheets/sheet2.xml"/>
            <Relationship Id="r3" Type="\(office)/styles" Target="styles.xml"/>
            <Relationship Id="r4" Type="\(office)/sharedStrings" Target="sharedStrings.xml"/></Relationships>
            """,
            "xl/worksheets/sheet1.xml":
                "<worksheet xmlns='\(main)'><sheetData>\(rows)</sheetData></worksheet>",
            "xl/worksheets/sheet2.xml":
                "<worksheet xmlns='\(main)'><sheetData><row><c t='str'><v>Second</v></c></row></sheetData></worksheet>",
            "xl/styles.xml": "<styleSheet xmlns='\(main)'>\(styles)</styleSheet>",
            "xl/sharedStrings.xml": "<sst xmlns='\(main)'>\(strings)</sst>",
        ])
    }

    private static let styles = """
        <numFmts><numFmt numFmtId="164" formatCode="[$-809]dd\\ mmmm\\ yyyy"/><numFmt numFmtId="165" formatCode="0.0 &quot;days&quot;"/></numFmts>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/></cellXfs>
        """

    private func cells(
        _ rows: String, strings: String = "", properties: String = ""
    ) throws
        -> [[String]]
    {
        let head = "<row r='1'><c t='str'><v>a</v></c><c t='str'><v>b</v></c></row>"
        let bytes = Self.workbook(
            head + rows, strings: strings, styles: Self.styles, properties: properties)
        return try CSVTable.parse(bytes).rows.map(\.cells)
    }

    @Test func `strings are found where they are kept`() throws {
        let strings =
            "<si><t>one</t></si><si><r><t>t</t></r><r><t xml:space='preserve'>wo </t></r><rPh><t>x</t></rPh></si>"
        let rows = """
            <row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c></row>
            <row r="3"><c r="A3" t="inlineStr"><is><t>three</t></is></c><c r="B3" t="s"><v>9</v></c></row>
            <row r="5"><c r="B5" t="str"><f>A1&amp;"x"</f><v>five</v></c></row>
            """
        #expect(try cells(rows, strings: strings) == [["one", "two "], ["three", ""], ["", "five"]])
    }

    @Test func `a number is shown as its cell's format shows it`() throws {
        let row = "<row><c s='1'><v>18264</v></c><c><v>18264</v></c></row>"
        #expect(try cells(row) == [["1950-01-01", "18264"]])
        #expect(try cells(row, properties: "<workbookPr date1904='1'/>") == [["1954-01-02", "18264"]])
    }

    @Test func `booleans, errors and dates of ISO are texts`() throws {
        let rows =
            "<row><c t='b'><v>1</v></c><c t='e'><v>#N/A</v></c></row><row><c t='d'><v>1950-01-02</v></c></row>"
        #expect(try cells(rows) == [["yes", "#N/A"], ["1950-01-02", ""]])
    }

    @Test func `a row with more cells than the header is a problem of its own`() throws {
        let rows =
            "<row r='2'><c r='C2' t='str'><v>x</v></c></row><row r='3'><c r='A3' t='str'><v>y</v></c></row>"
        let head = "<row r='1'><c t='str'><v>a</v></c></row>"
        let table = try CSVTable.parse(Self.workbook(head + rows))
        #expect(table.rows.map(\.line) == [2, 3])
        #expect(table.rows.map { $0.problem?.code } == [.schema, nil])
    }

    @Test func `the first sheet that is shown is read`() throws {
        let sheets = #"<sheet name="A" state="hidden" r:id="r1"/><sheet name="B" r:id="r2"/>"#
        #expect(try CSVTable.parse(Self.workbook("", sheets: sheets)).header == ["Second"])
    }

    @Test(arguments: [
        "", #"<sheet name="A" state="veryHidden" r:id="r1"/>"#, #"<sheet name="A" r:id="r9"/>"#,
    ])
    func `a workbook without a sheet to read is refused`(_ sheets: String) {
        #expect(throws: DocumentError.self) {
            try CSVTable.parse(Self.workbook("<row/>", sheets: sheets))
        }
    }

    @Test(arguments: [
        "<row><c><v>1</v>", "<!DOCTYPE a>", "<row r='x'><c r='ZZZZZZZZZ1' t='str'><v>x</v></c></row>",
        "", "<row/>",
    ]) func `a sheet that cannot be read is refused`(_ rows: String) {
        #expect(throws: DocumentError.self) { try CSVTable.parse(Self.workbook(rows)) }
    }

    @Test func `limits hold for rows and cells`() {
        let rows = (1...4).map { "<row r='\($0)'><c t='str'><v>x</v></c></row>" }.joined()
        let bytes = Self.workbook(rows)
        #expect(throws: DocumentError.self) { try CSVTable.parse(bytes, limits: Limits(rows: 2)) }
        #expect(throws: DocumentError.self) { try CSVTable.parse(bytes, limits: Limits(cells: 2)) }
        #expect(throws: DocumentError.self) { try CSVTable.parse(bytes, limits: Limits(bytes: 100)) }
        #expect(throws: Never.self) { try CSVTable.parse(bytes, limits: Limits(rows: 3, cells: 3)) }
    }

    @Test func `a workbook is known by what is in it, an old one by its first bytes`() {
        #expect(DocumentFormat.guess(Self.workbook("")) == .csv)
        #expect(DocumentFormat.guess(ZipFile.write(["a.txt": "x"])) == nil)
        #expect(throws: DocumentError.self) { try CSVTable.parse(ZipFile.write(["a.txt": "x"])) }
        let error = #expect(throws: DocumentError.self) {
            try CSVTable.parse([0xD0, 0xCF, 0x11, 0xE0, 0xA1])
        }
        #expect(error?.text.contains(".xlsx") == true)
    }

    @Test func `a workbook cut off anywhere is refused`() {
        let whole = Self.workbook("<row><c t='str'><v>a</v></c></row>")
        for length in stride(from: 4, to: whole.count, by: 11) {
            #expect(throws: DocumentError.self) { try CSVTable.parse(Array(whole.prefix(length))) }
        }
    }
}
