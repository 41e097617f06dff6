import Referral
import Testing

@testable import Translation

struct ExerciseFileTests {
    private func row(_ share: String, of person: String, _ cells: [String?] = []) throws -> ExerciseFile.Row {
        var row = ExerciseSheetTests.row
        for (index, cell) in cells.enumerated() where cell != nil { row[index] = cell ?? "" }
        row[0] = share
        return .init(
            share: share, person: person,
            table: CSVWriter.write(header: try ExerciseSheetTests.sheet().header, rows: [row]))
    }

    private func file(_ rows: [ExerciseFile.Row]) throws -> ExerciseFile {
        ExerciseFile(rows, by: try ExerciseSheetTests.sheet())
    }

    /// With a number of its own.
    private func nino(_ number: Int) -> [String?] { [nil, nil, nil, nil, nil, nil, "AB12345\(number)C"] }

    @Test func `rows stand in the order of their shares under one header`() throws {
        let file = try file([row("2", of: "b", nino(2)), row("3", of: "c", nino(3)), row("1", of: "a", nino(1))])
        #expect(file.shares == ["1", "2", "3"] && file.faults.isEmpty)
        let table = try CSVTable.parse(file.bytes)
        #expect(table.header == (try ExerciseSheetTests.sheet().header))
        #expect(table.rows.map { $0.cells[0] } == ["1", "2", "3"])
    }

    @Test func `of two rows about one person, or alike where none may be, the earlier share's stays`() throws {
        let file = try file([
            row("4", of: "d", nino(1)), row("3", of: "a", nino(3)),
            row("2", of: "b", [nil, nil, nil, nil, nil, nil, "ab123459c"]),
            row("1", of: "a", nino(1)),
        ])
        #expect(file.shares == ["1"])
        #expect(
            file.faults.mapValues(\.code) == [
                "2": "sheet_format.nino", "3": "sheet_one_per", "4": "sheet_one_per.nino",
            ])
    }

    @Test func `rows are alike only in columns that are filled, and only in all of them`() throws {
        let empty: [String?] = [nil, nil, nil, nil, nil, nil, ""]
        let other: [String?] = [nil, nil, nil, "04/02/1948"]
        let file = try file([
            row("1", of: "a", empty), row("2", of: "b", empty), row("3", of: "c"), row("4", of: "d", other),
        ])
        #expect(file.shares == ["1", "2", "3", "4"])
    }

    @Test func `a row that is none of the sheet's leaves no trace in the table`() throws {
        var header = try ExerciseSheetTests.sheet().header
        header[1] = "Family name"
        let hostile: [[UInt8]] = [
            [], Array("\"".utf8), CSVWriter.write(header: header, rows: [ExerciseSheetTests.row]),
            CSVWriter.write(header: try ExerciseSheetTests.sheet().header, rows: []),
            CSVWriter.write(
                header: try ExerciseSheetTests.sheet().header, rows: [ExerciseSheetTests.row, ExerciseSheetTests.row]),
            CSVWriter.write(header: try ExerciseSheetTests.sheet().header, rows: [["1"]]),
            try ExerciseSheetTests.sheet().emptyTable + Array("\"1\",\"unclosed".utf8),
        ]
        let bad = hostile.enumerated().map { ExerciseFile.Row(share: "x\($0)", person: "\($0)", table: $1) }
        let file = try file(bad + [row("1", of: "a")])
        #expect(file.shares == ["1"] && file.faults.count == bad.count)
        #expect(Set(file.faults.values) == [.columns])
        #expect(file.bytes == (try row("1", of: "a").table))
        #expect(try self.file(bad).bytes == (try ExerciseSheetTests.sheet().emptyTable))
    }

    @Test func `a formula or a quotation mark in a cell stays a text and a cell`() throws {
        let file = try file([row("1", of: "a", [nil, "=1+\"1\",\r\n"])])
        #expect(file.shares == ["1"])
        #expect(String(decoding: file.bytes, as: UTF8.self).contains("\"'=1+\"\"1\"\",\r\n\""))
    }

    @Test func `the report names shares and codes, and nothing that stands in a row`() throws {
        let file = try file([row("1", of: "a"), row("2", of: "b", [nil, ""])])
        let moment = try #require(Instant(rfc3339: "2026-09-30T01:00:00Z"))
        let bytes = file.report("NAME.csv", leftOut: [.init(share: "0", code: "sheet_exercise")], at: moment)
        let report = try StrictJSON.parse(bytes)
        #expect(
            report["file"] == "NAME.csv" && report["exercise"] == "NFI-2026-27" && report["extract_on"] == "2026-09-30")
        #expect(
            report["rows"] == .number("1") && report["shares"] == ["1"] && report["made_at"] == "2026-09-30T01:00:00Z")
        #expect(
            report["left_out"] == [
                ["share_id": "0", "code": "sheet_exercise"], ["share_id": "2", "code": "sheet_required.surname"],
            ])
        #expect(report["checks_passed"]?.arrayValue?.count == 7 && report["sha256"]?.stringValue?.count == 64)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("Example"))
        let empty = try StrictJSON.parse(try self.file([]).report("E.csv", at: moment))
        #expect(empty["rows"] == .number("0") && empty["left_out"] == [] && empty["shares"] == [])
    }
}
