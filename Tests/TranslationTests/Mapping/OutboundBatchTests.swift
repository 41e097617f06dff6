import Referral
import Testing

@testable import Translation

struct OutboundBatchTests {
    private static let way =
        "purpose: p, channel: sftp, format: csv, shape: a.shape.yaml, deadline: 72 h, batch: { at: \"02:00\" }"

    /// A definition with one way out, and what is wrong with it.
    private func load(_ way: String) throws -> (Outbound?, [AdapterDiagnostic]) {
        let text = "id: x1\nname: X\nkind: council\noutbound:\n  - { \(way) }\n"
        let (catalogue, diagnostics) = try AdapterFolder.with([
            "x1/README.md": "# X", "x1/adapter.yaml": text, "x1/a.shape.yaml": "ref: share.id\nname: person.family",
            "x1/samples/out/a.json": "{}",
        ]) { AdapterCatalogue.load($0) }
        return (catalogue["x1"]?.outbound.first, diagnostics)
    }

    @Test func `a way out says at which time of day`() throws {
        let (outbound, diagnostics) = try load(Self.way)
        #expect(diagnostics == [])
        #expect(outbound?.batch == .init(second: 7200))
        #expect(try load(Self.way.replacing("02:00", with: "23:59")).0?.batch == .init(second: 86_340))
    }

    @Test(arguments: [
        ("\"02:00\"", "2:00", "batch.at"), ("\"02:00\"", "\"24:00\"", "batch.at"),
        ("\"02:00\"", "\"02:60\"", "batch.at"),
        ("\"02:00\"", "night", "batch.at"), ("at: \"02:00\"", "", "batch.at"), ("{ at:", "{ on:", "batch.on"),
        ("sftp", "https_mtls", "batch"), ("csv", "json", "batch"), ("72 h", "24 h", "deadline"),
        ("purpose: p", "purpose: p, acknowledgement: fetched", "acknowledgement"),
        ("purpose: p", "purpose: p, to: person.family", "to"),
        ("purpose: p", "purpose: p, subject: sender.name", "subject"),
    ])
    func `what makes no sense of a table of many is named`(old: String, new: String, key: String) throws {
        let diagnostics = try load(Self.way.replacing(old, with: new)).1
        let found = try #require(diagnostics.first { $0.key == "outbound[0].\(key)" }, "\(diagnostics)")
        #expect(found.file == "x1/adapter.yaml" && found.line == 5 && !found.remedy.isEmpty)
    }

    @Test func `what a person hands in is a table, of which that person says what became of it`() throws {
        let way = "purpose: p, channel: nfi_web, format: csv, shape: a.shape.yaml, acknowledgement: manual"
        #expect(try load(way).1 == [])
        for wrong in [way.replacing("csv", with: "json"), way.replacing(", acknowledgement: manual", with: "")] {
            #expect(try load(wrong).1.map(\.key) == ["outbound[0].channel"])
        }
    }

    @Test(arguments: [
        ("2026-11-22T01:59:59Z", "2026-11-22T02:00:00Z"), ("2026-11-22T02:00:00Z", "2026-11-23T02:00:00Z"),
        ("2026-12-31T12:00:00Z", "2027-01-01T02:00:00Z"),
        // In summer 02:00 on the clocks is 01:00 UTC; the clocks change on 29 March and 25 October.
        ("2026-06-01T00:59:59Z", "2026-06-01T01:00:00Z"), ("2026-06-01T23:30:00Z", "2026-06-02T01:00:00Z"),
        ("2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"), ("2026-10-24T12:00:00Z", "2026-10-25T02:00:00Z"),
    ])
    func `the next time is by the clocks of England`(now: String, next: String) throws {
        let now = try #require(Instant(rfc3339: now))
        #expect(Outbound.Batch(second: 7200).next(after: now) == Instant(rfc3339: next))
    }

    @Test func `a table of several has the headings once and a row of each`() throws {
        let outbound = try #require(try load(Self.way).0)
        let adapter = Adapter(
            id: "x1", name: "X", kind: .council, ods: [], inbound: [], outbound: [outbound], folder: "",
            samplesReadAt: Adapter.usualSampleTime, extensions: ExtensionGroups())
        let tables = try ["Example", "O\"Example\r\nref", ""].enumerated().map { index, family in
            try Renderer(adapter: adapter, outbound: outbound)
                .render(["share": ["id": .string("\(index)")], "person": ["family": .string(family)]]).bytes
        }
        let joined = String(decoding: outbound.joined(tables), as: UTF8.self)
        #expect(
            joined
                == "\"ref\",\"name\"\r\n\"0\",\"Example\"\r\n\"1\",\"O\"\"Example\r\nref\"\r\n\"2\",\"\"\r\n")
        #expect(outbound.joined([]).elementsEqual("\"ref\",\"name\"\r\n".utf8))
        let name = outbound.fileName(
            ofBatch: "01997f2e-6d7a-7c3b-8e4f-0000000000a1", from: "derby_lac", at: Instant(seconds: 0))
        #expect(name == "DERBY_LAC_P_19700101T000000Z_000000A1.csv")
    }
}
