import Referral
import Testing

@testable import Translation

struct ExerciseSheetTests {
    /// The adapter's own way out.
    static var way: Outbound {
        get throws { try #require(AdapterFolder.loaded.0["cabinet_office"]?.outbound.first { $0.channel == .nfiWeb }) }
    }

    static let text = """
        exercise: NFI-2026-27
        data_set: Personal budgets
        extract_on: 2026-09-30
        upload_by: 2026-12-01
        one_per: [NINO, Born]
        columns:
          - { name: Ref, from: Reference, required: true, longest: 36 }
          - { name: Surname, from: Surname, required: true, longest: 10 }
          - { name: Middle names }
          - { name: Born, from: Date of birth, required: true, format: dd/mm/yyyy }
          - { name: Postcode, from: Postcode, format: postcode }
          - { name: UPRN, from: UPRN, format: uprn }
          - { name: NINO, from: NINO, format: nino }
          - { name: Phone, from: Telephone number, format: number }
        """

    static func sheet(_ text: String = text) throws -> ExerciseSheet {
        let (sheet, mistakes) = ExerciseSheet.parse(text, name: "s.yaml", for: try way)
        #expect(mistakes == [])
        return try #require(sheet)
    }

    /// A row that does nothing wrong.
    static let row = ["1", "Example", "", "03/02/1948", "DE1 2FS", "100030123456", "AB123456C", "00441632960123"]

    @Test func `a sheet says what is wanted, in its order, and when`() throws {
        let sheet = try Self.sheet()
        #expect(sheet.header == ["Ref", "Surname", "Middle names", "Born", "Postcode", "UPRN", "NINO", "Phone"])
        #expect(
            sheet.summary == "NFI-2026-27, Personal budgets: 8 columns, extract on 2026-09-30, upload by 2026-12-01")
        #expect(sheet.columns[1] == .init(name: "Surname", source: "Surname", isRequired: true, longest: 10))
        #expect(sheet.onePer == [6, 3] && sheet.birthDate == 3)
        // In September the day begins at 23:00 UTC of the day before; in December it ends at 24:00.
        #expect(sheet.opens == Instant(rfc3339: "2026-09-29T23:00:00Z"))
        #expect(!sheet.isClosed(at: try #require(Instant(rfc3339: "2026-12-01T23:59:59Z"))))
        #expect(sheet.isClosed(at: try #require(Instant(rfc3339: "2026-12-02T00:00:00Z"))))
        #expect(sheet.faults(in: Self.row) == [])
    }

    @Test func `the example beside the adapter has no mistakes`() throws {
        let path = "\(AdapterFolder.real)/cabinet_office/sheet.example.yaml"
        let (sheet, mistakes) = ExerciseSheet.load(path, for: try Self.way)
        #expect(mistakes == [] && sheet?.columns.count == 15)
    }

    @Test(arguments: [
        (0, "", "sheet_required.ref"), (1, "", "sheet_required.surname"), (1, "Examplesong", "sheet_longest.surname"),
        // Ten letters, and the apostrophe that keeps a spreadsheet from running it.
        (1, "=Examplean", "sheet_longest.surname"),
        (3, "", "sheet_required.born"), (3, "1948-02-03", "sheet_format.born"), (3, "3/2/1948", "sheet_format.born"),
        (3, "30/02/1948", "sheet_format.born"), (3, "01/10/2008", "sheet_adult.born"),
        (4, "DE12FS", "sheet_format.postcode"), (4, "de1 2fs", "sheet_format.postcode"),
        (4, "none", "sheet_format.postcode"), (5, "1000301234567", "sheet_format.uprn"),
        (5, "UPRN1", "sheet_format.uprn"), (6, "AB123456", "sheet_format.nino"),
        (6, "AB 12 34 56 C", "sheet_format.nino"),
        (6, "QQ123456B", "sheet_format.nino"), (7, "01632 960123", "sheet_format.phone"),
        (7, "1.", "sheet_format.phone"),
        (7, "1.234", "sheet_format.phone"),
    ])
    func `what a row does wrong is told by rule and column, without what stands there`(
        column: Int, cell: String, code: String
    ) throws {
        var row = Self.row
        row[column] = cell
        let sheet = try Self.sheet()
        let faults = sheet.faults(in: row)
        let fault = try #require(faults.first)
        #expect(faults.count == 1 && fault.code == code && fault.text.contains(sheet.columns[column].name))
        #expect(cell.isEmpty || !fault.text.contains(cell))
    }

    @Test func `what may be empty may be, and whoever turns eighteen on the day is an adult`() throws {
        let sheet = try Self.sheet()
        #expect(sheet.faults(in: ["1", "Examplean", "", "30/09/2008", "", "", "", "12.50"]) == [])
        #expect(sheet.faults(in: Array(Self.row.dropLast())) == [.columns])
    }

    @Test(arguments: [
        ("exercise: NFI-2026-27", "exercise: NFI 2026/27", 1, "exercise"),
        ("exercise: NFI-2026-27\n", "", 1, "exercise"),
        ("Personal budgets", "''", 2, "data_set"), ("2026-09-30", "30/09/2026", 3, "extract_on"),
        ("2026-12-01", "2026-02-30", 4, "upload_by"), ("2026-12-01", "2026-09-29", 4, "upload_by"),
        ("upload_by:", "until:", 4, "until"), ("[NINO, Born]", "[NIN0, Born]", 5, "one_per"),
        ("[NINO, Born]", "{}", 5, "one_per"), ("longest: 36 }", "longst: 36 }", 7, "columns[0].longst"),
        ("longest: 36 }", "longest: 0 }", 7, "columns[0].longest"),
        ("longest: 36 }", "longest: some }", 7, "columns[0].longest"),
        ("from: Surname", "from: surname", 8, "columns[1].from"), ("from: Surname", "from: [a]", 8, "columns[1].from"),
        ("required: true, longest: 10", "required: yes", 8, "columns[1].required"),
        ("from: Surname, required", "required", 8, "columns[1].required"),
        ("name: Surname", "name: REF", 8, "columns[1].name"),
        ("name: Surname, from: Surname", "from: Surname", 8, "columns[1].name"),
        ("name: Surname", "name: '=Surname'", 8, "columns[1].name"),
        ("name: Surname", "name: ' Surname'", 8, "columns[1].name"),
        ("from: Surname", "from: Reference", 8, "columns[1].from"),
        ("{ name: Middle names }", "Middle names", 9, "columns[2]"),
        ("from: UPRN", "from: Title", 12, "columns[5].format"),
        ("format: nino", "format: NINO", 13, "columns[6].format"),
        ("format: nino", "format: postcode", 13, "columns[6].format"),
        ("from: NINO", "from: Sex", 13, "columns[6].from"),
        ("from: Date of birth, required: true", "from: Date of birth", 7, "columns"),
    ])
    func `a mistake is named with file, line, key and remedy`(old: String, new: String, line: Int, key: String) throws {
        let text = Self.text.replacing(old, with: new)
        #expect(text != Self.text)
        let (sheet, mistakes) = ExerciseSheet.parse(text, name: "s.yaml", for: try Self.way)
        #expect(sheet == nil)
        let found = try #require(mistakes.first { $0.key == key }, "\(mistakes)")
        #expect(found.file == "s.yaml" && found.line == line)
        #expect(!found.remedy.isEmpty || found.problem.contains("expected"))
    }

    @Test(arguments: ["", "columns: []", "- a", "a: [", "exercise: x\ncolumns: { a: b }", "a: 1\na: 2"])
    func `what is no sheet is refused`(text: String) throws {
        let (sheet, mistakes) = ExerciseSheet.parse(text, name: "s.yaml", for: try Self.way)
        #expect(sheet == nil && !mistakes.isEmpty)
        #expect(
            ExerciseSheet.load("/nowhere/s.yaml", for: try Self.way).1.map(\.problem) == ["the file cannot be read"])
    }

    // MARK: The way out

    private static let release: Value = [
        "share": [
            "id": "01997f2e-6d7a-7c3b-8e4f-000000090001", "purpose": "nfi", "authority_ref": "NFI-2026-27",
            "created_at": "2026-09-01T09:00:00Z",
        ],
        "sender": ["id": "derby_lac"],
        "person": [
            "family": "Example", "given": "Anne", "dob": "1948-02-03", "email": "anne@example.org",
            "phone": ["+441632960123"],
        ],
        "address": ["postcode": "DE1 2FS"],
    ]

    private func render(_ release: Value) throws -> Rendered {
        let adapter = try #require(AdapterFolder.loaded.0["cabinet_office"])
        return try Renderer(adapter: adapter, outbound: try Self.way.filling(try Self.sheet())).render(release)
    }

    @Test func `a row has the sheet's columns and nothing else, and waits for the sheet's day`() throws {
        let rendered = try render(Self.release)
        #expect(
            String(decoding: rendered.bytes, as: UTF8.self) == """
                "Ref","Surname","Middle names","Born","Postcode","UPRN","NINO","Phone"\r
                "01997f2e-6d7a-7c3b-8e4f-000000090001","Example","","03/02/1948","DE1 2FS","","","00441632960123"\r

                """)
        let way = try Self.way
        let filling = way.filling(try Self.sheet())
        #expect(way.batch == nil && filling.batch?.opens == Instant(rfc3339: "2026-09-29T23:00:00Z"))
        let (before, after) = (try #require(Instant(rfc3339: "2026-08-01T00:00:00Z")), Instant(seconds: 1_800_000_000))
        #expect(
            filling.batch?.next(after: before) == filling.batch?.opens && filling.batch?.next(after: after) == after)
        // What the sheet does not take is not asked for either.
        let left = Set(way.fields.map(\.field)).subtracting(filling.fields.map(\.field))
        #expect(left == ["address.lines", "address.town", "person.email", "person.given", "person.title"])
        #expect(
            try Renderer(adapter: #require(AdapterFolder.loaded.0["cabinet_office"]), outbound: way)
                .render(Self.release).bytes.starts(with: "\"Reference\",\"Title\"".utf8))
    }

    @Test func `a row that does not hold is not written, and all that is wrong with it is told`() throws {
        var release = Self.release
        release["person"] = ["family": "Examplesongs"]
        let error = #expect(throws: RenderError.self) { try render(release) }
        #expect(error?.fault?.code == "sheet_longest.surname")
        #expect(error?.fault?.text == "column 'Surname' has more than 10 characters; column 'Born' is empty")
        release["share"] = ["id": "1", "authority_ref": "NFI-2024-25"]
        #expect(#expect(throws: RenderError.self) { try render(release) }?.fault == .exercise)
        release["share"] = ["id": "1"]
        #expect(#expect(throws: RenderError.self) { try render(release) }?.fault == .exercise)
        release = ["share": ["id": "1", "authority_ref": "NFI-2026-27"]]
        #expect(#expect(throws: RenderError.self) { try render(release) }?.fault?.code == "sheet_required.surname")
    }
}
