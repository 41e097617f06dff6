import Testing
import Translation

struct CSVWriterTests {
    @Test func `everything is in quotation marks and lines end with CRLF`() {
        let bytes = CSVWriter.write(header: ["a", "b"], rows: [["1", "x \"y\""], ["", "two\nlines"]])
        #expect(
            String(decoding: bytes, as: UTF8.self) == "\"a\",\"b\"\r\n\"1\",\"x \"\"y\"\"\"\r\n\"\",\"two\nlines\"\r\n")
    }

    @Test(arguments: ["=1+1", "+44", "-1", "@SUM", "\tx", "\rx"])
    func `what a spreadsheet would run gets an apostrophe, which reading takes off`(cell: String) throws {
        let bytes = CSVWriter.write(header: ["a"], rows: [[cell]])
        #expect(String(decoding: bytes, as: UTF8.self) == "\"a\"\r\n\"'\(cell)\"\r\n")
        #expect(try CSVTable.parse(bytes).rows[0].cells == [cell])
    }

    @Test func `what is written is read back`() throws {
        let rows = [["Zoë", "a,b;c\td"], ["\"", "x\r\ny"], ["'", " = "]]
        let table = try CSVTable.parse(CSVWriter.write(header: ["Name", "Note"], rows: rows))
        #expect(table.header == ["Name", "Note"])
        #expect(table.rows.map(\.cells) == rows)
    }
}
