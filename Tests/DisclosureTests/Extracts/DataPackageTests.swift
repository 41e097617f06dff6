import Referral
import Testing

@testable import Disclosure

@Suite struct DataPackageTests {
    private static let made = Instant(rfc3339: "2026-03-02T10:00:00Z")!

    @Test func `the description names the file and every column of it, in order`() throws {
        let table = RowExtract(People.alike(9), groups: Example.groups("DEMOG SERVICE")).table { $0.person }
        let value = DataPackage.description(of: table, name: "x-1", created: Self.made, size: 99, digest: "ab")
        let resource = try #require(value[path: "resources[0]"])
        #expect(resource["path"] == "rows.csv" && resource["hash"] == "sha256:ab" && resource["bytes"] == 99)
        #expect(resource[path: "schema.primaryKey"] == "pid")
        let fields = try #require(resource[path: "schema.fields"]?.arrayValue)
        #expect(fields.compactMap { $0["name"]?.stringValue } == table.columns.map(\.name))
        #expect(
            fields.compactMap { $0["type"]?.stringValue } == [
                "string", "string", "string", "string", "yearmonth", "yearmonth", "boolean",
            ])
    }

    @Test func `counts are texts of digits, or less than five`() throws {
        let table = CountExtract(People.alike(30), groups: Example.groups("DEMOG")).table
        let value = DataPackage.description(of: table, name: "x-1", created: Self.made, size: 99, digest: "ab")
        #expect(value[path: "resources[0].schema.fields[3].constraints.pattern"] == "[0-9]+|<5")
        #expect(value[path: "resources[0].schema.missingValues[0]"] == "")
        #expect(value[path: "resources[0].schema.primaryKey"] == nil)
    }

    @Test func `the note tells what the interfaces ask for, and not who was left out`() {
        let note = ReleaseNote(
            extract: "x-1", project: "p", recipient: "necs", purpose: "research_evaluation", level: .anonymised,
            madeAt: Self.made, keys: [], rowCount: 7, k: nil, suppression: ["counts 1 to 4 are <5"],
            obligations: ["log"], undertakings: nil, destroyBy: "2027-01-31", policyVersion: "v")
        #expect(
            Set(note.value.objectValue?.map(\.key) ?? []) == [
                "extract", "project", "recipient", "purpose", "level", "made_at", "key_id", "keys", "row_count", "k",
                "suppression", "obligations", "undertakings", "destroy_by", "policy_version",
            ])
        #expect(note.value["key_id"] == .null && note.value["k"] == .null && note.value["row_count"] == 7)
    }
}
