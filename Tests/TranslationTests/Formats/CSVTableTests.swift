import Referral
import TestSupport
import Testing
import Translation

struct CSVTableTests {
    private func parse(_ text: String) throws -> CSVTable { try CSVTable.parse(Array(text.utf8)) }

    private func refusal(_ bytes: [UInt8], limits: Limits = .default) -> DocumentError? {
        do {
            _ = try CSVTable.parse(bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `rows and cells are read with any line end`(end: String) throws {
        let table = try parse(["a,b", "1, 2 ", "", "\"x,\"\"y\"\"\",", ""].joined(separator: end))
        #expect(table.header == ["a", "b"])
        #expect(table.rows.map(\.cells) == [["1", " 2 "], ["x,\"y\"", ""]])
        #expect(table.rows.map(\.line) == [2, 4])
        #expect(table.rows.allSatisfy { $0.problem == nil })
    }

    @Test func `a cell in quotation marks goes on over lines`() throws {
        let table = try parse("a,b\r\n\"1\r\n2\",3\r\n4,5")
        #expect(table.rows.map(\.cells) == [["1\r\n2", "3"], ["4", "5"]])
        #expect(table.rows.map(\.line) == [2, 4])
    }

    @Test(
        arguments: [
            ("a;b;c\n1;2,5;3", ";"), ("a\tb\n1\t2", "\t"), ("a,b;c,d\n1,2;3,4", ","), ("a\n1", ","),
            ("\"x;y\",b\n1,2", ","),
            ("sep=;\na;b\n1;2", ";"), ("\n\na;b\n1;2", ";"),
        ] as [(String, Character)])
    func `the separator is that of the header`(text: String, separator: Character) throws {
        let table = try parse(text)
        #expect(table.separator == separator)
        #expect(table.rows.count == 1 && table.rows[0].problem == nil)
    }

    @Test func `columns are found by letters and digits of their names`() throws {
        let table = try parse("First Name,D.O.B.,Phone,phone,NHS-No\nAnne,1950-01-02,,01632 960001,\n")
        let row = table.rows[0]
        #expect(table.value("firstname", in: row) == "Anne")
        #expect(table.value("dob", in: row) == "1950-01-02")
        #expect(table.columns(named: "Phone") == [2, 3])
        #expect(table.value("phone", in: row) == "01632 960001")
        #expect(table.value("nhs no", in: row) == nil)
        #expect(table.value("other", in: row) == nil)
        #expect(CSVTable.fold(" É-mail (1) ") == "émail1")
    }

    @Test(
        arguments: [
            "x\"y,2", "\"x\"y,2", "\"x,2", "\"", "1,\"2\"x", "\"a\" ,2", "1,2\"",
        ])
    func `a bad quotation mark spoils its own row only`(bad: String) throws {
        let table = try parse("a,b\n1,2\n\(bad)\n3,4\n\"5\",\"6\"\n")
        #expect(table.rows.map(\.line) == [2, 3, 4, 5])
        #expect(table.rows[1].problem?.code == .notParseable)
        #expect(table.rows[1].problem?.path == "line 3")
        #expect(table.rows[1].cells.isEmpty)
        #expect([table.rows[0], table.rows[2], table.rows[3]].map(\.cells) == [["1", "2"], ["3", "4"], ["5", "6"]])
    }

    @Test func `a wrong number of cells is that row's problem and empty cells beyond the last are dropped`() throws {
        let table = try parse("a,b\n1\n1,2,3\n1,2,,\n4,5\n")
        #expect(table.rows.map { $0.problem?.code } == [.schema, .schema, nil, nil])
        #expect(table.rows[2].cells == ["1", "2"])
    }

    @Test func `blank rows are left out`() throws {
        #expect(try parse("a,b\n,\n , \n\n1,2\n,,,\n").rows.map(\.cells) == [["1", "2"]])
    }

    @Test func `UTF-8 with and without a mark and Windows-1252 are read`() throws {
        for bytes in [
            Array("n\nZoë’s".utf8), [0xEF, 0xBB, 0xBF] + Array("n\nZoë’s".utf8),
            Array("n\nZo".utf8) + [0xEB, 0x92, 0x73],
        ] {
            let table = try CSVTable.parse(bytes)
            #expect(table.header == ["n"])
            #expect(table.rows[0].cells == ["Zoë’s"])
        }
    }

    @Test func `what cannot be a table is refused`() {
        #expect(refusal([])?.code == .notParseable)
        #expect(refusal(Array("\n \n".utf8))?.code == .notParseable)
        #expect(refusal(Array("\"a,b\n1,2".utf8))?.code == .notParseable)
        #expect(refusal(Array("a,b\n1,\u{0}".utf8))?.code == .notParseable)
        #expect(refusal([0xFF, 0xFE, 0x61, 0x00])?.code == .encoding)
        #expect(refusal([0xEF, 0xBB, 0xBF, 0x61, 0xFF])?.code == .encoding)
    }

    @Test func `limits on columns, rows and bytes are kept`() {
        let bytes = Array("a,b,c\n1,2,3\n4,5,6\n".utf8)
        #expect(refusal(bytes, limits: Limits(columns: 2))?.code == .tooLarge)
        #expect(refusal(bytes, limits: Limits(rows: 1))?.code == .tooLarge)
        #expect(refusal(bytes, limits: Limits(cells: 5))?.code == .tooLarge)
        #expect(refusal(bytes, limits: Limits(bytes: 5))?.code == .tooLarge)
        #expect(refusal(bytes, limits: Limits(columns: 3, rows: 2)) == nil)
    }

    @Test func `a row of very many cells is that row's problem`() throws {
        let table = try parse(
            "a,b\n\(String(repeating: "x,", count: 10_000))\n1,2\n1,2\(String(repeating: ",", count: 10_000))\n")
        #expect(table.rows.map { $0.problem?.code } == [.tooLarge, nil, nil])
    }

    private let sample = "\u{FEFF}name,dob,note\r\n\"O\"\"Neil, Zoë\",1950-01-02,\"two\r\nlines\"\r\nx,y,z\r\n"

    @Test func `a table cut off anywhere is read or refused`() {
        for bytes in Hostile.truncations(of: sample) {
            let code = refusal(bytes)?.code
            #expect(code == nil || code == .notParseable || code == .encoding)
        }
    }

    @Test func `noise and damaged tables are read or refused, every good row with a cell for each column`() {
        let noise = Hostile.noise(alphabet: "\",;\t\r\nab ", count: 1500, seed: 7)
        for bytes in noise + Hostile.mutations(of: sample, count: 1500, seed: 8) {
            guard let table = try? CSVTable.parse(bytes) else { continue }
            for row in table.rows { #expect(row.cells.count == (row.problem == nil ? table.header.count : 0)) }
        }
    }

    @Test func `a file of bad quotation marks is read in good time`() throws {
        let table = try parse("a,b\n" + String(repeating: "\"x\"y,\"\n", count: 50_000))
        #expect(table.rows.count == 50_000)
        #expect(table.rows.allSatisfy { $0.problem != nil })
    }

    @Test(arguments: [
        (#"="01632 960123""#, "01632 960123"), (##""=""01632 960123""""##, "01632 960123"),
        ("'+447700900123", "+447700900123"),
        ("\"'=1+1\"", "=1+1"), ("'tis", "'tis"), ("=1+1", "=1+1"), (##""=""""""##, ""), ("'", "'"), ("'-5", "-5"),
    ]) func `what keeps a text a text is undone`(_ written: String, _ text: String) throws {
        let table = try CSVTable.parse(Array("a,b\n\(written),x\n".utf8))
        #expect(table.rows.map(\.cells) == [[text, "x"]])
    }

    @Test(arguments: [#"="01632"#, #"="a"b"#]) func `a text formula that is not closed is the row's problem`(
        _ cell: String
    ) throws {
        let table = try CSVTable.parse(Array("a,b\n\(cell),x\n1,2\n".utf8))
        #expect(table.rows.map { $0.problem == nil } == [false, true])
    }
}
