import Referral
import Testing

@testable import Translation

/// Shapes of the format `pdf`, alone and within another.
struct DocumentShapeTests {
    private let release: Value = [
        "share": ["id": "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f", "created_at": "2026-11-22T09:30:00Z"],
        "person": [
            "given": "Anne", "family": "Example", "dob": "1950-01-02", "phone": ["1", "2"], "interpreter": true,
            "identifiers": [["type": "nhs_number", "value": "9990000018"]],
        ],
        "needs": ["isolation", "other"],
        "risks": [["code": "dog"], ["code": "oxygen", "detail": "By the bed\nand the door"]],
        "reason": "First.\nSecond.",
    ]

    private func outbound(
        _ text: String, _ format: DocumentFormat, letter: String? = nil, to: String? = nil, subject: String? = nil
    ) throws -> Outbound {
        var files = ["x/adapter.yaml": "", "x/a.shape.yaml": text, "x/README.md": "#", "x/samples/out/a.json": ""]
        if let letter { files["x/letter.shape.yaml"] = letter }
        files["x/adapter.yaml"] = """
            id: x1
            name: X
            kind: gp
            outbound:
              - purpose: care_support
                channel: portal
                format: \(format.rawValue)
                shape: a.shape.yaml
                \(letter == nil ? "per_second: 1" : "documents: { letter: letter.shape.yaml }")
                \(to.map { "to: \($0)" } ?? "deadline: 1 h")
                \(subject.map { "subject: \($0)" } ?? "retry: { attempts: 1 }")
            """
        files = Dictionary(uniqueKeysWithValues: files.map { ("x1" + $0.key.dropFirst(), $0.value) })
        let (catalogue, diagnostics) = try AdapterFolder.with(files) { AdapterCatalogue.load($0) }
        #expect(diagnostics == [])
        return try #require(catalogue["x1"]?.outbound.first)
    }

    private func render(
        _ outbound: Outbound, _ documents: Renderer.Documents = .outlined, _ release: Value? = nil
    ) throws -> Rendered {
        let adapter = Adapter(
            id: "x1", name: "X", kind: .gp, ods: [], inbound: [], outbound: [outbound], folder: "",
            samplesReadAt: later, extensions: ExtensionGroups())
        return try Renderer(adapter: adapter, outbound: outbound, documents: documents).render(release ?? self.release)
    }

    private func outline(_ text: String, _ release: Value? = nil) throws -> String {
        String(decoding: try render(try outbound(text, .pdf), .outlined, release).bytes, as: UTF8.self)
    }

    private let shape = """
        title: always Referral
        reference: share.id
        sections:
          - paragraphs: always For you.
          - heading: always The person
            rows: { Name: person.given + person.family | join, Born: person.dob | date words, Title: person.title, Phone: each person.phone }
          - heading: always Needs
            list: each needs
            paragraphs: each reason | split lines
          - heading: always Risks
            table: { each: risks, Note: .detail, Risk: .code }
          - heading: always Never given
            paragraphs: always What is withheld takes this with it.
            list: each person.also_known_as
            rows: { Language: person.language }
        """

    @Test func `a document says what its shape finds, and empty parts go with their headings`() throws {
        #expect(
            try outline(shape) == """
                OFFICIAL-SENSITIVE
                Reference: 01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f

                # Referral
                For you.

                ## The person
                Name: Anne Example
                Born: 2 January 1950
                Phone: 1, 2

                ## Needs
                - isolation
                - other
                First.
                Second.

                ## Risks
                | Note | Risk
                |  | dog
                | By the bed
                    and the door | oxygen

                """)
    }

    @Test func `the printed document is a PDF, the same each time`() throws {
        let outbound = try outbound(shape, .pdf)
        let rendered = try render(outbound, .printed)
        #expect(rendered.bytes.starts(with: "%PDF-".utf8))
        #expect(rendered.mediaType == "application/pdf")
        #expect(rendered.fileName.hasSuffix(".pdf"))
        #expect(try render(outbound, .printed) == rendered)
    }

    @Test func `marking, index and numbers are the shape's to choose`() throws {
        let text = "marking: always PRIVATE\nindex: always true\nnumbered: always true\n" + shape
        let outline = try outline(text)
        #expect(outline.hasPrefix("PRIVATE\n"))
        #expect(outline.contains("# Referral\n- A. The person\n- B. Needs\n- C. Risks\n1. For you.\n"))
    }

    @Test func `without a title there is no document`() throws {
        let text = "title: person.title\nreference: share.id\nsections:\n  - list: each needs"
        let error = #expect(throws: RenderError.self) { try outline(text) }
        #expect(error?.findings.map(\.path) == ["title"])
    }

    @Test func `a shape may hold a document within it, in Base64 or as its outline`() throws {
        let outbound = try outbound("id: share.id\nletter: document.letter", .json, letter: shape)
        let printed = try StrictJSON.parse(try render(outbound, .printed).bytes)
        #expect(printed["letter"]?.stringValue?.hasPrefix("JVBERi0") == true)
        let outlined = try StrictJSON.parse(try render(outbound).bytes)
        #expect(outlined["letter"]?.stringValue == String(try outline(shape).dropLast()))
        // What a release itself calls so is never taken for it.
        var forged = release
        if case .object(var object) = forged {
            object["document"] = ["letter": "forged"]
            forged = .object(object)
        }
        #expect(try render(outbound, .outlined, forged).bytes == render(outbound).bytes)
    }

    @Test func `what an inner document and an address name counts as leaving`() throws {
        let outbound = try outbound(
            "letter: document.letter", .json,
            letter: "title: always T\nreference: share.id\nsections: [{ list: each needs }]",
            to: "person.family")
        #expect(outbound.fields.map(\.field) == ["needs", "person.family", "share.id"])
    }

    @Test func `address and subject are one line each, and what they require must be released`() throws {
        let outbound = try outbound(
            "id: share.id", .json,
            to:
                "(person.identifiers[type=nhs_number].value | required) + (person.family | required) | join '_' | prefix 'P_'",
            subject: "reason | prefix 'About '")
        let rendered = try render(outbound)
        #expect(rendered.to == "P_9990000018_Example")
        #expect(rendered.subject == "About First. Second.")
        let error = #expect(throws: RenderError.self) {
            try render(outbound, .outlined, ["share": ["id": "1"], "person": ["given": "Anne"]])
        }
        #expect(error?.findings.map(\.path) == ["person.identifiers[type=nhs_number].value", "person.family"])
        #expect(error?.description.contains("Anne") == false)
    }

    @Test(arguments: [
        ("titel: always T\nreference: share.id\nsections: []", "titel", "no such key", "title"),
        ("reference: share.id\nsections: []", "title", "missing", "title"),
        ("[]", "", "mapping", "key"),
        (
            "title: always T\nreference: share.id\nsections: [{ rows: person.given }]", "sections.rows", "mapping",
            "Label"
        ),
        ("title: always T\nreference: share.id\nsections: [{ list: { a: needs } }]", "sections.list", "text", "list"),
        (
            "title: always T\nreference: share.id\nsections: [{ lists: each needs }]", "sections.lists", "no such key",
            "list"
        ),
        ("title: always T\nreference: share.id\nsections: [needs]", "sections", "mapping", "key"),
        ("title: document.letter\nreference: share.id\nsections: []", "title", "'document.letter'", ""),
    ]) func `a mistake in a document's shape is named`(
        _ text: String, _ key: String, _ problem: String, _ remedy: String
    ) throws {
        var diagnostics: [AdapterDiagnostic] = []
        let file = try #require(DefinitionFile.parse(text, name: "x/a.shape.yaml", &diagnostics))
        diagnostics += RuleCompiler.shape(file, .pdf, tables: [:], extensions: ExtensionGroups()).1
        let diagnostic = try #require(diagnostics.first)
        #expect(diagnostic.key == key)
        #expect(diagnostic.problem.contains(problem))
        #expect(diagnostic.remedy.contains(remedy))
    }

    @Test func `a PDF cannot come in`() throws {
        let files = [
            "x1/adapter.yaml":
                "id: x1\nname: X\nkind: gp\ninbound:\n  - { channel: portal, format: pdf, mapping: a.map.yaml }",
            "x1/a.map.yaml": "reason: always x", "x1/README.md": "#", "x1/samples/in/a.pdf": "%PDF-1.5",
        ]
        let diagnostics = try AdapterFolder.with(files) { AdapterCatalogue.load($0).1 }
        #expect(diagnostics.map(\.key) == ["inbound[0].format"])
    }
}
