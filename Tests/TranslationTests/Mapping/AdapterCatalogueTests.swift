import Foundation
import Referral
import Testing

@testable import Translation

struct AdapterCatalogueTests {
    private static let good = """
        id: x1
        name: X
        kind: voluntary
        inbound:
          - { channel: portal, format: csv, mapping: a.map.yaml }
        """

    private func load(_ files: [String: String]) throws -> (AdapterCatalogue, [AdapterDiagnostic]) {
        let beside = [
            "x1/README.md": "# X", "x1/a.map.yaml": "reason: reason", "x1/samples/in/a.csv": "reason\nx\n",
        ]
        return try AdapterFolder.with(beside.merging(files) { _, new in new }) { AdapterCatalogue.load($0) }
    }

    @Test func `the project's own adapters have no mistake`() {
        let (catalogue, diagnostics) = AdapterFolder.loaded
        #expect(diagnostics == [])
        for id in [
            "uhdb", "dchs", "derbys_police", "derby_community_action", "derby_riverside_school", "derby_homes", "hl7v2",
        ] {
            #expect(catalogue[id] != nil, "\(id) is missing")
        }
        #expect(catalogue["nobody"] == nil)
        #expect(catalogue.all.map(\.id) == catalogue.all.map(\.id).sorted())
    }

    @Test func `a definition says all that is particular to a partner`() throws {
        let (catalogue, _) = AdapterFolder.loaded
        let uhdb = try #require(catalogue["uhdb"])
        #expect(uhdb.kind.isNHS && uhdb.ods.contains("RTG"))
        #expect(uhdb.inbound.map(\.acknowledgement) == [.hl7, .hl7, .hl7])
        #expect(uhdb.inbound.map(\.isReplyOnly) == [false, false, true])
        let out = try #require(uhdb.outbound(for: "care_support"))
        #expect(out.channel == .mesh && out.workflow == "uhdb_referral" && out.acknowledgement == .reply)
        #expect(out.acknowledgedWithin == .seconds(5 * 86_400) && out.repeats == .recognised)
        #expect(out.retry == .init(attempts: 12, first: .seconds(30), longest: .seconds(14_400)))
        #expect(out.deadline == .seconds(72 * 3600))
        #expect(uhdb.outbound(for: "benefits_support") == nil)
        // Nobody guesses which of several is meant.
        #expect(uhdb.outbound(for: nil) == nil && catalogue["gp"]?.outbound(for: nil)?.purpose == "care_support")
        // Its header asks for both replies.
        #expect(catalogue["gp"]?.outbound(for: nil)?.acknowledgement == .reply)
        let homes = try #require(catalogue["derby_homes"]?.outbound(for: "housing_support"))
        #expect(homes.mediaType == "application/vnd.lac.housing+json;v=1")
        #expect(homes.fields.contains { $0.field == "person.family" && $0.groups == [.name] })
        #expect(
            !homes.fields.contains {
                !$0.groups.isDisjoint(with: [.notes, .offence, .thirdParty, .nhsNumber]) && $0.field.hasPrefix("person")
            })
    }

    @Test func `every mistake in every file is reported at once`() throws {
        let (catalogue, diagnostics) = try load([
            "x1/adapter.yaml": """
            id: x2
            name: X
            kind: volunteer
            inbund: []
            inbound:
              - { channel: post, format: csvv, mapping: a.map.yaml }
              - { channel: portal, format: csv, mapping: gone.map.yaml, limits: { bytes: 5 apples } }
              - { channel: portal, format: csv, mapping: a.map.yaml, recognise: "ref =" }
            outbound:
              - { purpose: p, channel: mesh, format: json, shape: a.shape.yaml, deadline: soon }
            """,
            "x1/a.map.yaml": "resaon: reason", "x1/a.shape.yaml": "a: share.idd", "x3/notes.txt": "",
            "codes/bad.yaml": "a: [b]", "extensions.yaml": "colour: PAINT",
        ])
        let all = diagnostics.map(\.description)
        for part in [
            "codes/bad.yaml:1: the meaning of 'a' is not a text", "extensions.yaml:1: colour: no such field group",
            "x1/a.map.yaml:1: resaon: no such field; did you mean 'reason'?",
            "x1/a.shape.yaml:1: a: no release has a field 'share.idd'; did you mean 'share.id'?",
            "x1/adapter.yaml:1: id: the folder is named 'x1'",
            "x1/adapter.yaml:3: kind: 'volunteer' is not known; did you mean 'voluntary'?",
            "x1/adapter.yaml:4: inbund: no such key; did you mean 'inbound'?",
            "x1/adapter.yaml:6: inbound[0].channel: 'post' is not known",
            "x1/adapter.yaml:6: inbound[0].format: 'csvv' is not known; did you mean 'csv'?",
            "x1/adapter.yaml:7: inbound[1].limits.bytes: an amount is expected",
            "x1/adapter.yaml:8: inbound[2].recognise: a text is missing after '='",
            "x1/adapter.yaml:10: outbound[0].workflow: MESH needs a workflow",
            "x1/adapter.yaml:10: outbound[0].deadline: an amount is expected",
            "x1/gone.map.yaml: the file cannot be read",
            "x3/adapter.yaml: the file cannot be read",
        ] {
            #expect(all.contains { $0.hasPrefix(part) }, "\(part) is not among \(all.joined(separator: " / "))")
        }
        #expect(diagnostics == diagnostics.sorted())
        #expect(catalogue.all.isEmpty)
    }

    @Test func `an adapter needs a sample for each direction`() throws {
        let text = Self.good + "\noutbound:\n  - { purpose: p, channel: sftp, format: json, shape: a.shape.yaml }"
        let diagnostics = try load(["x1/adapter.yaml": text, "x1/a.shape.yaml": "a: share.id"]).1
        #expect(diagnostics.map(\.file) == ["x1/samples/out"])
    }

    @Test func `FHIR leaves by HTTPS alone`() throws {
        func diagnostics(_ channel: String) throws -> [String] {
            let text =
                Self.good + "\noutbound:\n  - { purpose: p, channel: \(channel), format: fhir, shape: a.shape.yaml }"
            let found = try load(["x1/adapter.yaml": text, "x1/a.shape.yaml": "a: share.id"]).1
            return found.map(\.description).filter { $0.contains("outbound[0].channel") }
        }
        #expect(try diagnostics("sftp").first?.contains("Booking and Referral Standard") == true)
        #expect(try diagnostics("https_mtls") == [])
    }

    @Test func `a good definition has no diagnostic, a missing README has one`() throws {
        #expect(try load(["x1/adapter.yaml": Self.good]).1 == [])
        let bare = [
            "x1/adapter.yaml": Self.good, "x1/a.map.yaml": "reason: reason", "x1/samples/in/a.csv": "reason\nx\n",
        ]
        let diagnostics = try AdapterFolder.with(bare) { AdapterCatalogue.load($0).1 }
        #expect(diagnostics.map(\.file) == ["x1/README.md"])
    }

    @Test func `a reply says where the share and the verdict stand`() throws {
        func keys(_ inbound: String) throws -> [String] {
            try load(["x1/adapter.yaml": Self.good.replacing("mapping: a.map.yaml", with: inbound)]).1.map(\.key)
        }
        #expect(try keys("mapping: a.map.yaml, reply: { share: ref, verdict: always taken }") == [])
        #expect(try keys("mapping: reply") == ["inbound[0].reply"])
        #expect(
            try keys("mapping: a.map.yaml, reply: { share: ref, verdit: always taken }")
                == ["inbound[0].reply.verdict", "inbound[0].reply.verdit"])
    }

    @Test func `a folder that is not there is one diagnostic`() {
        let (catalogue, diagnostics) = AdapterCatalogue.load("/nowhere/adapters")
        #expect(catalogue.all.isEmpty)
        #expect(diagnostics.map(\.problem) == ["there is no such folder"])
    }

    @Test func `a wrong expression under each is a mistake with its place`() throws {
        let wrong = Self.good.replacing("mapping: a.map.yaml", with: "mapping: a.map.yaml, each: 'a b'")
        #expect(wrong != Self.good)
        let diagnostics = try load(["x1/adapter.yaml": wrong]).1
        #expect(diagnostics.map(\.key) == ["inbound[0].each"])
    }

    // MARK: Detection

    @Test(arguments: [
        (#"MSH|^~\&|PAS|RTG|||20261122||REF^I12|1|P|2.4"# + "\rPID|1", "uhdb"),
        (#"MSH|^~\&|PAS|RTG02^x|||20261122||ADT^A08|1|P|2.4"# + "\rPID|1", "uhdb"),
        (#"MSH|^~\&|PAS|ELSEWHERE|||20261122||REF^I12|1|P|2.4"# + "\rPID|1", "hl7v2"),
        (#"MSH|^~\&|PAS|RTG|||20261122||ORU^R01|1|P|2.4"# + "\rPID|1", "uhdb"),
        (#"{"resourceType":"Bundle","entry":[]}"#, "fhir"), (#"{"sender":"derby_homes"}"#, "derby_homes"),
        (#"{"sender":"x"}"#, "envelope"),
        ("<PPN><header><ppn_ref>1</ppn_ref><force_code>30</force_code></header></PPN>", "derbys_police"),
        ("<PPN><header><ppn_ref>1</ppn_ref><force_code>33</force_code></header></PPN>", "ppn"),
        ("CAD Ref;Surname\n1;x\n", "derby_community_action"),
        ("Surname,Reason\nx,y\n", "csv"), ("{not json", "envelope"), ("<PPN><header>", "cin"),
    ]) func `a document is recognised by format and sender`(_ document: String, _ id: String) {
        let (catalogue, _) = AdapterFolder.loaded
        #expect(catalogue.detect(Array(document.utf8))?.0.id == id)
    }

    @Test func `the way in follows the type of message`() {
        let (catalogue, _) = AdapterFolder.loaded
        let update = Array((#"MSH|^~\&|PAS|RTG|||20261122||ADT^A08|1|P|2.4"# + "\r").utf8)
        #expect(catalogue.detect(update)?.1.mappingFile == "uhdb/update.map.yaml")
    }

    @Test func `a file's ending decides when the bytes do not tell`() {
        let (catalogue, _) = AdapterFolder.loaded
        #expect(catalogue.detect(Array("PID|1||2".utf8), fileName: "a.hl7")?.0.id == "hl7v2")
        #expect(catalogue.detect([0, 1, 2]) == nil)
        #expect(catalogue.detect([]) == nil)
    }

    @Test(
        arguments: [
            ("REF^I12", "uhdb/referral.map.yaml"), ("ADT^A08", "uhdb/update.map.yaml"),
            (nil, "uhdb/referral.map.yaml"), ("ZZZ^Z99", "uhdb/referral.map.yaml"),
        ] as [(String?, String)])
    func `an authenticated partner's way in is the one that takes the type, else the first of the format`(
        type: String?, mapping: String
    ) throws {
        let adapter = try #require(AdapterFolder.loaded.0["uhdb"])
        #expect(adapter.inbound(for: .hl7v2, type: type)?.mappingFile == mapping)
    }

    @Test func `a partner has no way in for a format that it is not set up for`() throws {
        let adapter = try #require(AdapterFolder.loaded.0["uhdb"])
        #expect(adapter.inbound(for: .csv, type: nil) == nil)
    }

    @Test func `a format's own adapter reads for a partner that it is given to`() throws {
        let adapter = try #require(AdapterFolder.loaded.0["csv"])
        let inbound = try #require(adapter.inbound(for: .csv, type: nil))
        let translator = Translator(
            adapter: adapter, inbound: inbound, environment: .test, now: later, partner: "somebody")
        #expect(translator.translate(Array("Surname,Reason\nx,y\n".utf8)).first?.referral?.sender == "somebody")
    }
}
