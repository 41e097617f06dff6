import Referral
import Testing

@testable import Translation

/// The examples of `adapters/README.md` compile.
struct AdapterGuideTests {
    /// The fenced blocks whose first line says what they are: `# map hl7v2`, `# shape json`, `# adapter.yaml`.
    private static let examples: [(title: String, text: String)] = {
        let guide = String(decoding: AdapterFiles.bytes("\(AdapterFolder.real)/README.md") ?? [], as: UTF8.self)
        return guide.split(around: "```yaml").map { _ in
            var rest = guide
            var examples: [(String, String)] = []
            while let (_, after) = rest.split(around: "```yaml\n"), let (block, tail) = after.split(around: "```") {
                examples.append((String(block.split(separator: "\n")[0].dropFirst(2)), block))
                rest = tail
            }
            return examples
        } ?? []
    }()

    @Test func `the guide has examples of every kind`() {
        let titles = Self.examples.map(\.title)
        for title in [
            "adapter.yaml", "map hl7v2", "map fhir", "map csv", "map xml", "shape json", "shape hl7v2", "shape csv",
            "shape xml", "shape pdf",
        ] {
            #expect(titles.contains(title), "\(title) is missing")
        }
    }

    @Test(arguments: examples.filter { $0.title != "adapter.yaml" }) func `its mappings and shapes compile`(
        _ title: String, _ text: String
    ) throws {
        let words = title.split(separator: " ").map(String.init)
        let format = try #require(DocumentFormat(rawValue: words[1]))
        var diagnostics: [AdapterDiagnostic] = []
        let shared = SharedDefinitions(AdapterFolder.real, &diagnostics)
        let file = try #require(DefinitionFile.parse(text, name: title, &diagnostics))
        if words[0] == "shape" {
            diagnostics += RuleCompiler.shape(file, format, tables: shared.tables, extensions: shared.extensions).1
        } else {
            var compiler = MappingCompiler(
                folder: AdapterFolder.real, tables: shared.tables, extensions: shared.extensions)
            _ = compiler.compile(file, format)
            diagnostics += compiler.diagnostics
        }
        #expect(diagnostics == [])
    }

    @Test func `its definition loads`() throws {
        let text = try #require(Self.examples.first { $0.title == "adapter.yaml" }).text
        let files = [
            "example_trust/adapter.yaml": text, "example_trust/referral.map.yaml": "reason: NTE-3",
            "example_trust/care_support.shape.yaml": "- MSH: { 10: share.id }", "example_trust/README.md": "#",
            "example_trust/samples/in/a.hl7": "", "example_trust/samples/out/a.json": "",
        ]
        let (catalogue, diagnostics) = try AdapterFolder.with(files) { AdapterCatalogue.load($0) }
        #expect(diagnostics == [])
        #expect(catalogue["example_trust"]?.outbound.map(\.content) == [.document, .extract])
    }
}
