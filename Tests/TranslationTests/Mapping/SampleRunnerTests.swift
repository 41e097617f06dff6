import Foundation
import Referral
import Testing

@testable import Translation

struct SampleRunnerTests {
    @Test func `every sample of the project's adapters passes`() {
        let (catalogue, _) = AdapterFolder.loaded
        let results = SampleRunner().run(catalogue)
        for result in results where !result.differences.isEmpty { Issue.record("\(result)") }
        #expect(results.count >= 20)
        #expect(SampleRunner.summary(results) == "\(results.count) passed, 0 failed")
    }

    @Test func `each partner has at least three samples`() {
        let (catalogue, _) = AdapterFolder.loaded
        for partner in catalogue.all where partner.kind != .format {
            #expect(SampleRunner().run(partner).count >= 3, "\(partner.id)")
        }
    }

    @Test(arguments: AdapterKind.allCases) func `each kind of sender has an adapter`(_ kind: AdapterKind) {
        // These receive and do not send, or write to a person.
        let others: Set<AdapterKind> = [
            .commissioningSupport, .court, .evaluator, .equipmentProvider, .healthProfessional, .person,
        ]
        let (catalogue, _) = AdapterFolder.loaded
        #expect(others.contains(kind) != catalogue.all.contains { $0.kind == kind && !$0.inbound.isEmpty })
    }

    private static let files = [
        "x1/adapter.yaml": """
        id: x1
        name: X
        kind: housing
        inbound:
          - { channel: portal, format: csv, mapping: a.map.yaml }
        outbound:
          - { purpose: p, channel: sftp, format: csv, shape: a.shape.yaml }
        """,
        "x1/a.map.yaml": "person: { family: name, dob: dob | date }\nreason: why\nreferrer.name: who",
        "x1/a.shape.yaml": "Ref: share.id\nName: person.family", "x1/README.md": "# X",
        "x1/samples/in/a.csv": "name,dob,why,who\nExample,1/2/1950,x,W\n",
        "x1/samples/in/a.expected.json": """
        {"status":"accepted","referral":{"sender":"x1","type":"referral","marking":"OFFICIAL-SENSITIVE",
         "person":{"family":"Example","dob":"1950-02-01"},"reason":"x","referrer":{"name":"W"}}}
        """,
        "x1/samples/out/b.json": #"{"share":{"id":"1","purpose":"p"},"person":{"family":"Example"}}"#,
        "x1/samples/out/b.expected.csv": "\"Ref\",\"Name\"\r\n\"1\",\"Example\"\r\n",
    ]

    private func run(_ changed: [String: String?] = [:]) throws -> [SampleResult] {
        var files = Self.files
        for (name, text) in changed { files[name] = text }
        return try AdapterFolder.with(files) { SampleRunner().run(AdapterCatalogue.load($0).0) }
    }

    @Test func `samples that give what is expected pass`() throws {
        #expect(SampleRunner.summary(try run()) == "2 passed, 0 failed")
    }

    @Test func `one changed expected value fails with file and path`() throws {
        let expected = try #require(Self.files["x1/samples/in/a.expected.json"])
        let results = try run([
            "x1/samples/in/a.expected.json": expected.replacingOccurrences(of: "1950-02-01", with: "1950-02-02")
        ])
        #expect(SampleRunner.summary(results) == "1 passed, 1 failed")
        #expect(
            results.first?.description
                == #"x1/samples/in/a.expected.json: referral.person.dob: expected "1950-02-02", got "1950-02-01""#)
    }

    @Test func `what is expected and missing, and what is there unexpected, both fail`() throws {
        let expected = try #require(Self.files["x1/samples/in/a.expected.json"])
        let less = try run([
            "x1/samples/in/a.expected.json": expected.replacingOccurrences(of: #""reason":"x","#, with: "")
        ])
        #expect(less.first?.differences == [.init(path: "referral.reason", expected: "nothing", got: #""x""#)])
        let more = try run([
            "x1/samples/in/a.expected.json": expected.replacingOccurrences(
                of: #""reason":"x""#, with: #""reason":"x","notes":"n""#)
        ])
        #expect(more.first?.differences == [.init(path: "referral.notes", expected: #""n""#, got: "nothing")])
    }

    @Test func `an outbound sample is compared byte for byte`() throws {
        let changed = try run(["x1/samples/out/b.expected.csv": "\"Ref\",\"Name\"\r\n\"1\",\"example\"\r\n"])
        #expect(
            changed.last?.differences == [
                .init(path: "line 3", expected: #"""1","example"""#, got: #"""1","Example"""#)
            ])
        let ends = try run(["x1/samples/out/b.expected.csv": "\"Ref\",\"Name\"\n\"1\",\"Example\"\n"])
        #expect(ends.last?.differences.isEmpty == false)
    }

    @Test func `a sample without an expected result fails`() throws {
        let results = try run(["x1/samples/in/a.expected.json": Optional<String>.none])
        #expect(results.first?.differences.map(\.expected) == ["a file NAME.expected.*"])
    }

    @Test func `a release for a purpose that the partner does not have fails`() throws {
        let results = try run(["x1/samples/out/b.json": #"{"share":{"id":"1","purpose":"q"}}"#])
        #expect(results.last?.differences.map(\.path) == ["share.purpose"])
    }
}
