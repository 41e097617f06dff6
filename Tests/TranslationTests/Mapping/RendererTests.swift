import Referral
import Testing

@testable import Translation

struct RendererTests {
    private let release: Value = [
        "share": [
            "id": "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f", "purpose": "housing_support",
            "created_at": "2026-11-22T09:30:00Z",
        ],
        "sender": ["id": "derby_lac"],
        "person": [
            "given": "Anne", "family": "O'Neil & <Sons>|^", "dob": "1950-01-02", "phone": ["=1", "2"],
            "interpreter": true,
        ],
        "needs": ["isolation", "other"],
        "risks": [["code": "dog", "to_visitors": true], ["code": "10"]],
    ]

    private func shape(_ text: String, _ format: DocumentFormat) throws -> (Shape, [AdapterDiagnostic]) {
        var diagnostics: [AdapterDiagnostic] = []
        let file = try #require(DefinitionFile.parse(text, name: "x/a.shape.yaml", &diagnostics))
        let tables = ["alerts": try CodeTable([.init(code: "dog", meaning: "1"), .init(code: "10", meaning: "10")])]
        return RuleCompiler.shape(file, format, tables: tables, extensions: ExtensionGroups())
    }

    private func render(_ text: String, _ format: DocumentFormat, _ release: Value? = nil) throws -> Rendered {
        let (shape, diagnostics) = try shape(text, format)
        #expect(diagnostics == [])
        let outbound = Outbound(
            purpose: "housing_support", channel: .httpsMTLS, format: format, mediaType: format.mediaType,
            acknowledgement: .transport, retry: .init(), perSecond: 5, deadline: .seconds(60), proposedFor: [],
            shapeFile: "",
            shape: shape)
        let adapter = Adapter(
            id: "x", name: "X", kind: .housing, ods: [], inbound: [], outbound: [outbound], folder: "",
            samplesReadAt: later, extensions: ExtensionGroups())
        return try Renderer(adapter: adapter, outbound: outbound).render(release ?? self.release)
    }

    private func text(_ text: String, _ format: DocumentFormat, _ release: Value? = nil) throws -> String {
        String(decoding: try render(text, format, release).bytes, as: UTF8.self)
    }

    @Test func `a JSON shape keeps values as they are and drops empty parts`() throws {
        let shape = """
            reference: share.id
            duty: always true
            person: { given: person.given, middle: person.title, interpreter: person.interpreter }
            phones: each person.phone
            address: { postcode: address.postcode, country: always GB }
            alerts: { each: risks, when: .to_visitors, type: .code | code alerts }
            """
        #expect(
            try text(shape, .json)
                == #"{"reference":"01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f","duty":true,"person":{"given":"Anne","interpreter":true},"phones":["=1","2"],"alerts":[{"type":"1"}]}"#
        )
    }

    @Test func `an HL7 shape writes positions, repetitions and escapes`() throws {
        let shape = """
            - MSH: { 3: always HUB, 9: always REF^I12^REF_I12, 10: share.id | remove '-' | take 8, 12: always 2.4 }
            - PID:
                3: [{ 1: "person.identifiers[type=nhs_number].value", 4: always NHS }, { 1: share.id | take 2, 5: always PI }]
                5: { 1: person.family, 2: person.given, 7: always L }
                11.3: person.given
                13: { each: person.phone, 1: ., 3: always PH }
            - NK1: { 2: { 1: person.title }, 3: always EMC }
            - NTE: { each: needs, 1: $index, 3: . }
            """
        #expect(
            try text(shape, .hl7v2).split(separator: "\r") == [
                #"MSH|^~\&|HUB||||||REF^I12^REF_I12|01997f2e||2.4||||||UNICODE UTF-8"#,
                #"PID|||01^^^^PI||O'Neil \T\ <Sons>\F\\S\^Anne^^^^^L||||||^^Anne||=1^^PH~2^^PH"#, "NTE|1||isolation",
                "NTE|2||other",
            ])
    }

    @Test func `a CSV shape has its headings in order and guards against formulas`() throws {
        let shape =
            "Reference: share.id | take 4\nSurname: person.family\nPhones: each person.phone\nNone: person.title"
        #expect(
            try text(shape, .csv)
                == "\"Reference\",\"Surname\",\"Phones\",\"None\"\r\n\"0199\",\"O'Neil & <Sons>|^\",\"'=1, 2\",\"\"\r\n"
        )
    }

    @Test func `an XML shape has attributes, a namespace and repeated elements`() throws {
        let shape = """
            Notice:
              "@xmlns": always urn:x
              "@version": always 1
              Person: { Family: person.family }
              Need: each needs
              Gone: { Title: person.title }
            """
        #expect(
            try text(shape, .xml).hasSuffix(
                #"<Notice xmlns="urn:x" version="1"><Person><Family>O'Neil &amp; &lt;Sons&gt;|^</Family></Person><Need>isolation</Need><Need>other</Need></Notice>"#
            ))
    }

    @Test func `name, id and media type come from the share alone`() throws {
        let rendered = try render("reference: share.id", .json)
        #expect(rendered.messageID == "01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f")
        #expect(rendered.fileName == "DERBY_LAC_HOUSING_SUPPORT_20261122T093000Z_3C4D5E6F.json")
        #expect(rendered.mediaType == "application/json")
        #expect(try render("reference: share.id", .json) == rendered)
    }

    @Test func `what the shape requires and the release lacks is an error that quotes nothing`() throws {
        let error = #expect(throws: RenderError.self) {
            try render("a: person.title | required\nb: person.given | date", .json)
        }
        #expect(error?.findings.map(\.path) == ["person.title", "person.given"])
        #expect(error?.description.contains("Anne") == false)
        #expect(throws: RenderError.self) { try render("a: person.given", .json, ["person": ["given": "A"]]) }
    }

    @Test(arguments: [
        (
            DocumentFormat.json, "a: person.famly", "a", "no release has a field 'person.famly'",
            "did you mean 'person.family'?"
        ),
        (.json, "a: { b: risks.cod }", "a.b", "no release has a field 'risks.cod'", "did you mean 'risks.code'?"),
        (.json, "a: { each: risks, b: .detial }", "a.b", "'risks.detial'", "did you mean 'risks.detail'?"),
        (.json, "a: risks | map .cod", "a", "'risks.cod'", "did you mean"),
        (.json, "a: person.identifiers[type=nino].valu", "a", "'person.identifiers.valu'", "did you mean"),
        (.json, "a: extensions.made_up", "a", "'extensions.made_up'", ""),
        (.json, "a: needs->b", "a", "no references", "->"),
        (.hl7v2, "- PID: { 5: person.family }", "PID", "the first segment is not MSH", "MSH"),
        (.hl7v2, "- MSH: { x: share.id }", "MSH-x", "'x' is not a position", "number"),
        (.hl7v2, "- MSHX: { 1: share.id }", "", "a segment is expected", "PID"),
        (.hl7v2, "MSH: { 1: share.id }", "", "a list of segments is expected", "MSH"),
        (.xml, "a: share.id\nb: share.id", "", "one key is expected", "root"),
    ]) func `what is not in a release cannot be named`(
        _ format: DocumentFormat, _ text: String, _ key: String, _ problem: String, _ remedy: String
    ) throws {
        let diagnostic = try #require(try shape(text, format).1.first)
        #expect(diagnostic.key == key)
        #expect(diagnostic.problem.contains(problem))
        #expect(diagnostic.remedy.contains(remedy))
    }

    @Test func `every field of a shape is marked with the groups that it can hold`() throws {
        let text = """
            a: share.id
            b: person.dob
            c: "person.identifiers[type=nhs_number].value"
            d: each needs
            e: { each: risks, f: .to_visitors }
            """
        let fields = Dictionary(uniqueKeysWithValues: try shape(text, .json).0.fields.map { ($0.path, $0.groups) })
        #expect(fields["share.id"] == [])
        #expect(fields["person.dob"] == [.dob])
        #expect(fields["person.identifiers.value"] == [.nhsNumber])
        #expect(fields["needs"]?.isSuperset(of: [.health, .needs, .risk]) == true)
        #expect(fields["risks.to_visitors"] == [.hazard])
    }
}
