import Foundation
import Referral
import TestSupport
import Testing

@testable import Translation

struct ExtractPackageTests {
    private static let good: Value = [
        "extract": [
            "id": "01997f2e-6d7a-7c3b-8e4f-0000000000c1", "purpose": "health_planning",
            "created_at": "2026-11-22T02:00:00Z",
        ],
        "sender": ["id": "derby_lac"],
        "files": [["name": "counts.csv", "text": "\"a\"\r\n"], ["name": "release-note.json", "text": "{}\n"]],
    ]

    /// A definition with one way out, and what is wrong with it.
    private func load(_ way: String) throws -> (Outbound?, [AdapterDiagnostic]) {
        let text = "id: x1\nname: X\nkind: evaluator\noutbound:\n  - { \(way) }\n"
        let (catalogue, diagnostics) = try AdapterFolder.with([
            "x1/README.md": "# X", "x1/adapter.yaml": text, "x1/a.shape.yaml": "a: share.id",
            "x1/samples/out/a.json": "{}",
        ]) { AdapterCatalogue.load($0) }
        return (catalogue["x1"]?.outbound.first, diagnostics)
    }

    private func render(_ value: Value) throws -> Rendered {
        let adapter = try #require(AdapterFolder.loaded.0["necs"])
        return try Renderer(adapter: adapter, outbound: adapter.outbound[0]).render(value)
    }

    @Test func `a way out for extracts has no shape, and leaves as an archive`() throws {
        let (outbound, diagnostics) = try load(
            "content: extract, purpose: health_planning, channel: mesh, workflow: w, per_second: 1, deadline: 5 d")
        #expect(diagnostics == [])
        let way = try #require(outbound)
        #expect(way.content == .extract && way.mediaType == "application/zip" && way.fields.isEmpty)
        #expect(way.acknowledgement == .meshTracking && way.workflow == "w" && way.deadline == .seconds(5 * 86_400))
    }

    @Test(arguments: [
        ("content: extract, purpose: health_planning, channel: mesh", "workflow"),
        ("content: extract, purpose: care_support, channel: sftp", "purpose"),
        ("content: extract, purpose: health_planing, channel: sftp", "purpose"),
        ("content: extract, channel: sftp", "purpose"),
        ("content: extract, purpose: health_planning, channel: mllp", "channel"),
        ("content: extract, purpose: health_planning, channel: nfi_web", "channel"),
        ("content: extract, purpose: health_planning, channel: sftp, shape: a.shape.yaml", "shape"),
        ("content: extract, purpose: health_planning, channel: sftp, format: csv", "format"),
        ("content: extract, purpose: health_planning, channel: sftp, documents: { a: b }", "documents"),
        ("content: extract, purpose: health_planning, channel: sftp, to: person.family", "to"),
        ("content: extract, purpose: health_planning, channel: sftp, subject: sender.name", "subject"),
        ("content: extract, purpose: health_planning, channel: sftp, propose_for: [falls]", "propose_for"),
        ("content: extract, purpose: health_planning, channel: sftp, acknowledgement: reply", "acknowledgement"),
        ("content: extract, purpose: health_planning, channel: sftp, acknowledgement: hl7", "acknowledgement"),
        ("content: extracts, purpose: health_planning, channel: sftp, format: json, shape: a.shape.yaml", "content"),
        ("purpose: health_planning, channel: sftp, format: json, shape: a.shape.yaml", "purpose"),
    ])
    func `what makes no sense of an extract is named with file, line, key and remedy`(
        way: String, key: String
    ) throws {
        let diagnostics = try load(way).1
        let found = try #require(diagnostics.first { $0.key == "outbound[0].\(key)" }, "\(diagnostics)")
        #expect(found.file == "x1/adapter.yaml" && found.line == 5 && !found.problem.isEmpty)
        if key != "content", way.contains("health_planning") { #expect(!found.remedy.isEmpty) }
    }

    @Test func `its name and id follow from the extract`() throws {
        let rendered = try render(Self.good)
        #expect(rendered.fileName == "DERBY_LAC_HEALTH_PLANNING_20261122T020000Z_000000C1.zip")
        #expect(rendered.messageID == "01997f2e-6d7a-7c3b-8e4f-0000000000c1")
        #expect(rendered.to == nil && rendered.subject == nil && rendered.mediaType == "application/zip")
        let archive = try ZipArchive(rendered.bytes)
        #expect(archive.names == ["counts.csv", "release-note.json"])
        #expect(try archive.bytes(of: "counts.csv") == Array("\"a\"\r\n".utf8))
    }

    @Test(arguments: ["extract", "sender", "files"]) func `nothing leaves without its parts`(part: String) throws {
        guard case .object(var object) = Self.good else { return }
        object[part] = nil
        let value = Value.object(object)
        #expect { try render(value) } throws: { ($0 as? RenderError)?.findings.first?.code == .missing }
    }

    @Test(arguments: [
        "", "counts", "Counts.csv", "../counts.csv", "a/counts.csv", "counts.csv.json", ".csv", "counts.exe", "ä.csv",
        "release-note.json",
    ])
    func `a file has a plain name, each once`(name: String) throws {
        guard case .object(var object) = Self.good else { return }
        object["files"] = [
            ["name": "release-note.json", "text": "{}"], ["name": .string(name), "text": "x"],
        ]
        let value = Value.object(object)
        #expect { try render(value) } throws: { ($0 as? RenderError)?.findings.map(\.path) == ["files[1].name"] }
    }

    @Test func `a time that is none, and a file without a text, are named`() throws {
        guard case .object(var object) = Self.good else { return }
        object["extract"] = ["id": "1", "purpose": "health_planning", "created_at": "yesterday"]
        object["files"] = [["name": "counts.csv"]]
        let value = Value.object(object)
        #expect {
            try render(value)
        } throws: {
            ($0 as? RenderError)?.findings.map(\.path) == ["extract.created_at", "files[0]"]
        }
    }
}
