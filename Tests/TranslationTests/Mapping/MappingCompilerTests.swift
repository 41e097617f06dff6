import Referral
import Testing

@testable import Translation

struct MappingCompilerTests {
    private func compile(
        _ text: String, _ format: DocumentFormat = .json, files: [String: String] = [:]
    ) throws -> (mapping: Mapping?, diagnostics: [AdapterDiagnostic]) {
        try AdapterFolder.with(files.merging(["x/a.map.yaml": text]) { _, new in new }) { folder in
            let extensions = ExtensionGroups(declared: ["local.colour": .service])
            var compiler = MappingCompiler(folder: folder, tables: [:], extensions: extensions)
            let mapping = compiler.compile("x/a.map.yaml", format)
            return (mapping, compiler.diagnostics)
        }
    }

    private func envelope(_ mapping: String, of document: String, _ format: DocumentFormat = .json) throws -> Value {
        let compiled = try compile(mapping, format)
        #expect(compiled.diagnostics == [])
        return try #require(compiled.mapping).apply(Scope(try .document(document, format))).envelope
    }

    @Test(arguments: [
        ("person.famly: a", 1, "person.famly", "no such field", "did you mean 'person.family'?"),
        (
            "type: always referral\nperson:\n  givn: a", 3, "person.givn", "no such field",
            "did you mean 'person.given'?"
        ),
        ("reason: a | dat", 1, "reason", "there is no step 'dat'", "did you mean 'date'?"),
        ("person.family: { a: b }", 1, "person.family", "the field holds no parts", "expression"),
        ("person.family: [a, b]", 1, "person.family", "the field holds one value", "or"),
        ("person.family:\n  each: a\n  value: .b", 1, "person.family", "the field holds one value", "lists"),
        (
            "household:\n  each: a\n  relaton: .b", 3, "household.relaton", "no such field",
            "did you mean 'household.relation'?"
        ),
        ("household:\n  each: a\n  when: .b =\n  family: .c", 3, "household", "a text is missing", ""),
        ("person.dob: a\nperson: { dob: b }", 2, "person", "the field is filled twice", "keep one"),
        ("reason: a\nreason: b", 2, "reason", "the key is there twice", "keep one"),
        ("urgency: a | code { S: urgent }", 1, "", "mapping values are not allowed", "'='"),
        ("extensions.local.size: a", 1, "extensions.local.size", "no such field", "extensions"),
        ("urgency: a | code { S = urgnt }", 1, "urgency", "'urgnt' is not a code", "did you mean 'urgent'?"),
        ("source_code: always 3Z", 1, "source_code", "'3Z' is not a code", "3F"),
        ("needs: a | code { x = isolation } | default lonely", 1, "needs", "'lonely' is not a code", "README"),
        (
            "person.identifiers:\n  each: a\n  type: .b or 'nhs'", 3, "person.identifiers.type", "'nhs' is not a code",
            ""
        ),
        ("extends: x/a.map.yaml\nreason: a", 1, "extends", "the file extends itself", "leave it out"),
        ("let: { p: 'a b' }\nreason: p", 1, "let.p", "cannot stand in the path", ""),
        ("- a", 1, "", "a mapping is expected", "field: expression"),
    ]) func `a mistake is found with line, key and remedy`(
        _ text: String, _ line: Int, _ key: String, _ problem: String, _ remedy: String
    ) throws {
        let diagnostic = try #require(try compile(text).diagnostics.first)
        #expect(diagnostic.file == "x/a.map.yaml")
        #expect(diagnostic.line == line)
        #expect(diagnostic.key == key)
        #expect(diagnostic.problem.contains(problem))
        #expect(diagnostic.remedy.contains(remedy))
    }

    @Test func `every mistake is reported, not the first alone`() throws {
        let diagnostics = try compile("person.famly: a\nreason: b | dat\nurgncy: c\nneeds: d").diagnostics
        #expect(diagnostics.map(\.line) == [1, 2, 3])
        #expect(
            diagnostics.first?.description
                == "x/a.map.yaml:1: person.famly: no such field; did you mean 'person.family'?")
    }

    @Test func `dotted and nested keys mean the same`() throws {
        let expected: Value = ["person": ["given": "A", "family": "B"]]
        for text in [
            "person.given: g\nperson.family: f", "person:\n  given: g\n  family: f",
            "person.given: g\nperson: { family: f }",
        ] {
            #expect(try envelope(text, of: #"{"g":"A","f":"B"}"#) == expected)
        }
    }

    @Test func `a plain field takes the first value, a list all, and kinds fit the field`() throws {
        let text = "person.given: n\nneeds: n\naddress.safe_to_visit: t\nperson.age_estimate: '''70'''\nreason: num"
        let made = try envelope(text, of: #"{"n":["a","b"],"t":"true","num":5}"#)
        #expect(
            made == [
                "person": ["given": "a", "age_estimate": 70], "needs": ["a", "b"], "address": ["safe_to_visit": true],
                "reason": "5",
            ])
    }

    @Test func `each makes a block of every item for which the condition holds`() throws {
        let text = """
            household:
              - each: people
                when: .role != subject
                relation: .role | default other
                family: .name
              - { each: more, relation: always friend, family: . }
            """
        let document =
            #"{"people":[{"role":"subject","name":"A"},{"role":"child","name":"B"},{"name":"C"}],"more":["D"]}"#
        #expect(
            try envelope(text, of: document)["household"] == [
                ["relation": "child", "family": "B"], ["relation": "other", "family": "C"],
                ["relation": "friend", "family": "D"],
            ])
    }

    @Test func `literals stand in the envelope's objects, and go with list entries that find nothing`() throws {
        let text =
            "referrer: { organisation: always Trust, name: gone }\nhousehold:\n  - { relation: always child, family: gone }"
        #expect(try envelope(text, of: "{}") == ["referrer": ["organisation": "Trust"]])
    }

    @Test func `an extending mapping replaces fields one by one, and names and columns everywhere`() throws {
        let base = """
            let: { who: first }
            person: { given: who.g, family: who.f }
            household: { each: kids, family: . }
            reason: r
            """
        let own =
            "extends: base/b.map.yaml\nlet: { who: second }\nreason: r | upper\nhousehold: { each: others, given: . }"
        let compiled = try compile(own, files: ["base/b.map.yaml": base])
        #expect(compiled.diagnostics == [])
        let document = #"{"first":{"g":"1","f":"1"},"second":{"g":"A","f":"B"},"kids":["K"],"others":["O"],"r":"why"}"#
        #expect(
            try #require(compiled.mapping).apply(Scope(try .document(document, .json))).envelope == [
                "person": ["given": "A", "family": "B"], "household": [["given": "O"]], "reason": "WHY",
            ])
    }

    @Test func `an envelope is taken as it is, with the members put over it`() throws {
        let compiled = try compile("extends: envelope\nperson.family: person.family | upper\nsource_code: always 2A")
        let made = try #require(compiled.mapping).apply(
            Scope(try .document(#"{"person":{"given":"a","family":"b"},"colour":"blue"}"#, .json)))
        #expect(made.envelope == ["person": ["given": "a", "family": "B"], "colour": "blue", "source_code": "2A"])
    }

    @Test func `a missing file that is extended is named`() throws {
        let diagnostics = try compile("extends: base/gone.map.yaml").diagnostics
        #expect(diagnostics.map(\.file) == ["base/gone.map.yaml"])
    }
}
