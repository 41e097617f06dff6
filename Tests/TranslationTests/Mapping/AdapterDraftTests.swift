import Foundation
import Referral
import Testing

@testable import Translation

/// Drafts of a mapping, tried on documents without being put into the adapter's folder.
@Suite struct AdapterDraftTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../adapters").standardizedFileURL.path

    private func adapter(_ id: String = "uhdb") throws -> Adapter {
        let (catalogue, diagnostics) = AdapterCatalogue.load(Self.folder)
        #expect(diagnostics.isEmpty)
        return try #require(catalogue[id])
    }

    private func sample(_ adapter: Adapter) throws -> [UInt8] {
        try #require(Sample.all(of: adapter, "in").first { $0.file.hasSuffix("/referral-i12.hl7") }).bytes
    }

    private func differences(_ adapter: Adapter, _ draft: Adapter) throws -> [SampleResult.Difference] {
        adapter.differences(
            to: draft, in: try sample(adapter), .hl7v2, environment: .test, now: adapter.samplesReadAt)
    }

    @Test func `the file as it is changes nothing`() throws {
        let adapter = try adapter()
        #expect(adapter.mappingFiles == ["referral.map.yaml", "update.map.yaml"])
        let text = try #require(adapter.mappingText("referral.map.yaml"))
        let drafted = try adapter.drafted("referral.map.yaml", as: text).get()
        #expect(try differences(adapter, drafted).isEmpty)
    }

    @Test func `a changed line changes its field and no other, and the adapter stays as it is`() throws {
        let adapter = try adapter()
        let text = try #require(adapter.mappingText("referral.map.yaml"))
        let drafted = try adapter.drafted(
            "referral.map.yaml", as: text.replacing("always University Hospitals", with: "always The Hospitals")
        ).get()
        #expect(try differences(adapter, drafted).map(\.path) == ["[0].referral.referrer.organisation"])
        #expect(adapter.mappingText("referral.map.yaml") == text)
        #expect(AdapterFiles.draft == nil)
    }

    @Test(arguments: [
        ("notes: RF1-3.2\nextends: ../../../../etc/passwd", "extends"), ("extends: [hl7v2/../../x]", "extends"),
        ("person:\n  famly: PID-5.1", "person.famly"), ("{{{", ""), ("", ""), ("- a\n- b", ""),
    ])
    func `a draft with mistakes is told by line and key, and leads nowhere else`(text: String, key: String) throws {
        let mistakes = #expect(throws: DraftMistakes.self) {
            try adapter().drafted("referral.map.yaml", as: text).get()
        }
        let diagnostics = try #require(mistakes).diagnostics
        #expect(
            !diagnostics.isEmpty && diagnostics.allSatisfy { $0.file == "uhdb/referral.map.yaml" }, "\(diagnostics)")
        #expect(diagnostics.contains { $0.key == key }, "\(diagnostics)")
    }

    private static var hostile: [(String, String)] {
        func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        let bomb: [String] = (0..<9).map { "b\($0): &b\($0) [*a, *a, *a, *a, *a, *a, *a, *a, *a]" }
        let steps: [String] = (0..<60).map { "\(many(" ", $0))a:" }
        return [
            ("notes: RF1-3.2 # \(many("x", 64 << 10))", "longer than 64 KiB"),
            ("a: &a [x, x, x]\n\(bomb.joined(separator: "\n"))", "an alias of YAML"),
            ("notes: &all RF1-3.2", "an anchor"), ("notes: [*all]", "an alias"), ("notes:\n- &all x", "an anchor"),
            ("notes: \(many("[", 20_000))", "nested too deeply"),
            ("notes: \(many("{a: ", 10_000))", "nested too deeply"),
            ("notes: \(many("[']', ", 9_000))", "more than 500"),
            ("notes:\n\(many("- ", 30_000))x", "more than 500"),
            ("notes:\n\(many("- ", 60))x", "nested too deeply"),
            (steps.joined(separator: "\n"), "nested too deeply"),
            ("notes: \"\(many("(", 60_000))\"", "nested too deeply"),
        ]
    }

    @Test(arguments: hostile) func `a draft that would take the process with it is refused`(
        text: String, problem: String
    ) throws {
        let mistakes = #expect(throws: DraftMistakes.self) {
            try adapter().drafted("referral.map.yaml", as: text).get()
        }
        let told = try #require(mistakes).diagnostics.map(\.problem)
        #expect(told.contains { $0.contains(problem) }, "\(told)")
    }

    @Test(arguments: ["notes: \"'R&D' or RF1-3.2 & co\"", "notes: RF1-3.2 | when PID-5.1 *= x"])
    func `what only looks like a reference is none`(text: String) {
        let told = DraftBounds.mistake(in: text, of: "x.map.yaml")
        #expect(told == nil)
    }

    @Test func `a draft that takes too long is stopped`() throws {
        let adapter = try adapter()
        let list = Array(repeating: "PID-3", count: 20).joined(separator: " + ")
        var expression = "(\(list))"
        for _ in 0..<12 { expression = "(\(list) | where \(expression))" }
        let drafted = try adapter.drafted("referral.map.yaml", as: "notes: \"\(expression)\"").get()
        let budget = TrialBudget(steps: 50_000)
        _ = adapter.differences(
            to: drafted, in: try sample(adapter), .hl7v2, environment: .test, now: adapter.samplesReadAt, within: budget
        )
        #expect(budget.isSpent)
        let text = try #require(adapter.mappingText("referral.map.yaml"))
        let enough = TrialBudget(steps: 50_000)
        _ = adapter.differences(
            to: try adapter.drafted("referral.map.yaml", as: text).get(), in: try sample(adapter), .hl7v2,
            environment: .test, now: adapter.samplesReadAt, within: enough)
        #expect(!enough.isSpent)
    }

    @Test(arguments: ["adapter.yaml", "../hl7v2/referral.map.yaml", "nothing.map.yaml", ""])
    func `only a mapping file of the adapter's own has a draft`(file: String) throws {
        let adapter = try adapter()
        #expect(adapter.mappingText(file) == nil)
        #expect(throws: DraftMistakes.self) { try adapter.drafted(file, as: "notes: RF1-3.2").get() }
    }
}
