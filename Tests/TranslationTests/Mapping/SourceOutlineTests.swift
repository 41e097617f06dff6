import Foundation
import Referral
import Testing

@testable import Translation

/// Documents taken apart for staff: what leads back to a document must find its place there, and names of places say nothing.
@Suite struct SourceOutlineTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../adapters").standardizedFileURL.path
    private static let catalogue = AdapterCatalogue.load(folder).0

    private func outline(
        _ text: String, _ format: DocumentFormat, by adapter: String? = nil, part: Int? = nil
    ) throws -> SourceOutline {
        try SourceOutline.read(
            Array(text.utf8), format, by: adapter.flatMap { Self.catalogue[$0] }, environment: .test, part: part
        ).get()
    }

    @Test(arguments: catalogue.all.map(\.id))
    func `every value of a sample's referral is found where it came from`(_ id: String) throws {
        let adapter = try #require(Self.catalogue[id])
        for sample in Sample.all(of: adapter, "in") {
            guard let way = adapter.inbound(for: sample.bytes, fileName: sample.file) else { continue }
            let peeked = adapter.inbound(
                for: way.format, type: (try? Peek.look(sample.bytes, format: way.format))?.type)
            let translator = Translator(
                adapter: adapter, inbound: try #require(peeked), environment: .test, now: adapter.samplesReadAt)
            for part in translator.translate(sample.bytes) {
                guard let provenance = part.provenance else { continue }
                let outline = try SourceOutline.read(
                    sample.bytes, way.format, by: adapter, environment: .test, part: part.index
                ).get()
                for (path, origin) in provenance.origins {
                    for source in origin.sources {
                        #expect(!outline.leaves(at: source).isEmpty, "\(sample.file): \(path) from \(source)")
                    }
                }
            }
        }
    }

    @Test func `a message is its segments, fields and components, by the names of the standard`() throws {
        let text = [
            #"MSH|^~\&|PAS|RTG|HUB|LAC|20261101||REF^I12^REF_I12|M1|P|2.4"#,
            "PID|1||1^^^NHS~2||SMITH&VAN^ANNE||19500102",
            "NTE|1||Some & text", "NTE|2||More",
        ].joined(separator: "\r")
        let outline = try outline(text, .hl7v2)
        let places = outline.leaves.map(\.place)
        #expect(places.contains("PID-3.1") && places.contains("PID-3(2)") && places.contains("NTE(2)-3"))
        #expect(places.contains("PID-5.1.2") && places.contains("PID-5.2"))
        #expect(outline.leaves.first { $0.place == "NTE-3" }?.text == "Some & text")
        #expect(Set(outline.leaves.filter(\.isCode).map(\.place)).isSuperset(of: ["MSH-9.1", "MSH-9.2", "MSH-12"]))
        #expect(outline.leaves.filter(\.isCode).allSatisfy { $0.place.hasPrefix("MSH-") })
        // A whole field leads to all of it, and a component of one that has none to the field.
        #expect(outline.leaves(at: "PID-5").count == 3 && outline.leaves(at: "PID-7.1").count == 1)
        #expect(outline.leaves(at: "PID-3").map { outline.leaves[$0].place } == ["PID-3.1", "PID-3.4"])
        #expect(outline.leaves(at: "").isEmpty && outline.leaves(at: "ZZZ-1").isEmpty)
    }

    @Test func `a header that says something else is no code word`() throws {
        let outline = try outline(#"MSH|^~\&|A|B|C|D|2026||SMITH^JONES|M1|ANNE|DE1"#, .hl7v2)
        let open = outline.leaves.filter(\.isCode).map(\.text)
        #expect(Set(open).isSubset(of: ["|", #"^~\&"#]))
    }

    @Test func `names that a sender made up are numbers, and known names stand as they are`() throws {
        let json = """
            {"type": "referral", "person": {"family": "A", "Jane Smith 9990000018": "B", "<script>": {"dob": "C"}}}
            """
        let read = try outline(json, .json, by: "envelope", part: 0)
        #expect(
            read.leaves.map(\.shown) == [
                "type", "person.family", "person.(name 2)", "person.(name 3).dob",
            ])
        #expect(read.leaves.map(\.isCode) == [true, false, false, false])
        #expect(read.plain("person.family") == "person.family" && read.plain("person.Jane Smith") == nil)
        let xml = try outline("<a jane='1'><Smith>x</Smith>t</a>", .xml)
        #expect(xml.leaves.map(\.shown) == ["@(attribute 1)", "the document's own text", "(element 1)"])
        // A table without headings has its first row for them.
        let table = try outline("Quillfeather,1943-02-17,DE1 2FS\nOther,1950-01-01,DE1\n", .csv, by: "csv", part: 0)
        #expect(table.leaves.map(\.shown) == ["line 2, (name 1)", "line 2, (name 2)", "line 2, (name 3)"])
        let words = table.leaves.map { $0.shown + $0.group }.joined()
        #expect(!words.lowercased().contains("quillfeather") && !words.contains("1943"))
    }

    @Test func `a number is a position in brackets alone, else a name that may be anybody's`() throws {
        let read = try outline("{}", .json, by: "envelope", part: 0)
        #expect(read.plain("person.phone[0]") != nil && read.plain("[12].person.family") != nil)
        for place in [
            "extensions.9990000018", "extensions.17/02/1943", "extensions.1943", "person[9990000018]", "person[]",
            "[0]x",
            "person.", "", "person[0", "person[017]",
        ] {
            #expect(read.plain(place) == nil, "\(place)")
        }
        let table = try outline("name,dob\nA,B\n", .csv, by: "csv", part: 0)
        #expect(table.plain("line 2, name") == "line 2, name" && table.plain("line 2") == "line 2")
        #expect(table.plain("line 2, 9990000018") == nil && table.plain("line 9990000018, name") == nil)
        let xml = try outline("<a/>", .xml)
        #expect(xml.plain("17/02/1943") == nil && xml.plain("@9990000018") == nil)
    }

    @Test func `what a sender calls an addition is no name, but where the adapter or the standard has it`() {
        let names = ExtensionNames(of: Self.catalogue["derby_riverside_school"])
        #expect(names.name(at: "extensions.year_group") == "year_group")
        #expect(names.name(at: "extensions.school.dsl_name") == "school.dsl_name")
        for name in [
            "9990000018", "17/02/1943", "year_group[9223372036854775807]", "Jane Smith", "school.9990000018", "",
        ] {
            #expect(names.name(at: "extensions.\(name)") == nil, "\(name)")
        }
        let housing = ExtensionNames(of: Self.catalogue["derby_homes"])
        #expect(housing.name(at: "extensions.housing_need[0]") == "housing_need[0]")
        #expect(ExtensionNames(of: nil).name(at: "extensions.tenure") == "tenure")
    }

    @Test func `of a document about several persons only what is about one is there, and what is about all`() throws {
        let adapter = try #require(Self.catalogue["ctf"])
        let sample = try #require(Sample.all(of: adapter, "in").first { $0.file.hasSuffix("/pupils.xml") })
        let text = String(decoding: sample.bytes, as: UTF8.self)
        let first = try outline(text, .xml, by: "ctf", part: 0)
        let second = try outline(text, .xml, by: "ctf", part: 1)
        #expect(first.leaves.contains { $0.text == "Christopher" } && !first.leaves.contains { $0.text == "Jo" })
        #expect(second.leaves.contains { $0.text == "Jo" } && !second.leaves.contains { $0.text == "Christopher" })
        #expect(first.others > 0 && first.leaves.contains { $0.text == "Example School" })
        let rows = "Name,DOB\nAnne Example,1950-01-01\nSam Sample,1951-01-01\n"
        let row = try outline(rows, .csv, by: "csv", part: 1)
        #expect(row.leaves.map(\.text) == ["Sam Sample", "1951-01-01"] && row.others == 1)
        #expect(throws: SourceOutline.Unreadable.self) { try outline(rows, .csv, by: "csv", part: 7) }
    }

    @Test func `of a bundle with several requests each has its own patient alone, and what it refers to`() throws {
        let adapter = try #require(Self.catalogue["fhir"])
        let sample = try #require(Sample.all(of: adapter, "in").first { $0.file.hasSuffix("/collection.json") })
        let text = String(decoding: sample.bytes, as: UTF8.self)
        let anne = try outline(text, .fhir, by: "fhir", part: 0)
        let sam = try outline(text, .fhir, by: "fhir", part: 1)
        let texts = [anne, sam].map { Set($0.leaves.map(\.text)) }
        #expect(
            texts[0].isSuperset(of: ["Anne", "9990000018", "Lives alone and sees nobody", "Una", "Example Records Ltd"])
        )
        #expect(texts[1].isSuperset(of: ["Sam", "No longer wanted.", "Example Records Ltd"]))
        #expect(texts[0].isDisjoint(with: ["Sam", "1971-12-31", "SR-0", "https://records.example.org/fhir/Patient/2"]))
        #expect(
            texts[1].isDisjoint(with: [
                "Anne", "9990000018", "SR-1", "Lives alone and sees nobody",
                "https://records.example.org/fhir/Patient/1",
            ]))
        #expect(anne.others == 1)
    }

    @Test func `what leads from one request to another's patient, or to what is about them, shows nothing of them`()
        throws
    {
        func entry(_ type: String, _ id: String, _ rest: String) -> String {
            """
            { "fullUrl": "urn:uuid:\(id)", "resource": { "resourceType": "\(type)", "id": "\(id)", \(rest) } }
            """
        }
        let entries = [
            entry(
                "ServiceRequest", "r1",
                """
                "subject": { "reference": "Patient/p1" }, "basedOn": [{ "reference": "ServiceRequest/r2" }],
                "supportingInfo": [{ "reference": "List/l" }, { "reference": "Observation/o2" }]
                """),
            entry(
                "ServiceRequest", "r2",
                """
                "subject": { "identifier": { "system": "s", "value": "2" } }, "note": [{ "text": "R-TWO" }]
                """),
            entry("Patient", "p1", "\"name\": [{ \"family\": \"P-ONE\" }]"),
            entry(
                "Patient", "p2",
                """
                "identifier": [{ "system": "s", "value": "2" }], "name": [{ "family": "P-TWO" }]
                """),
            entry(
                "List", "l",
                """
                "title": "LIST", "entry": [{ "item": { "reference": "Patient/p2" } }, { "item": { "reference": "Condition/c1" } }]
                """),
            entry(
                "Condition", "c1", "\"subject\": { \"reference\": \"Patient/p1\" }, \"code\": { \"text\": \"C-ONE\" }"),
            entry("Observation", "o2", "\"subject\": { \"reference\": \"Patient/p2\" }, \"valueString\": \"O-TWO\""),
            entry(
                "RelatedPerson", "n2",
                "\"patient\": { \"reference\": \"Patient/p2\" }, \"name\": [{ \"text\": \"N-TWO\" }]"),
        ].joined(separator: ",")
        let bundle = #"{ "resourceType": "Bundle", "type": "collection", "entry": [\#(entries)] }"#
        let first = Set(try outline(bundle, .fhir, by: "fhir", part: 0).leaves.map(\.text))
        #expect(first.isSuperset(of: ["P-ONE", "LIST", "C-ONE"]))
        #expect(first.isDisjoint(with: ["P-TWO", "R-TWO", "O-TWO", "N-TWO"]))
        let second = Set(try outline(bundle, .fhir, by: "fhir", part: 1).leaves.map(\.text))
        #expect(
            second.isSuperset(of: ["P-TWO", "R-TWO"]) && second.isDisjoint(with: ["P-ONE", "C-ONE", "LIST", "O-TWO"]))
        // With one request, all that is in the bundle belongs to it.
        let alone = bundle.replacing(
            #""resourceType": "ServiceRequest", "id": "r2""#, with: #""resourceType": "Basic", "id": "r2""#)
        #expect(try outline(alone, .fhir, by: "fhir", part: 0).leaves.contains { $0.text == "N-TWO" })
    }

    @Test(.timeLimit(.minutes(1)))
    func `one of very many parts is taken apart as soon as one of few`() throws {
        let pupils = (0..<10_000).map { "<Pupil><Surname>S\($0)</Surname><Forename>F\($0)</Forename></Pupil>" }.joined()
        let text = "<CTfile><CTFpupilData>\(pupils)</CTFpupilData></CTfile>"
        let outline = try outline(text, .xml, by: "ctf", part: 0)
        #expect(outline.others == 9_999 && outline.leaves.contains { $0.text == "S0" })
        #expect(!outline.leaves.contains { $0.text == "S1" })
    }

    @Test func `what cannot be read says why, and what is too much is cut`() throws {
        for (text, format) in [
            ("{", DocumentFormat.json), ("<a>", .xml), ("no message", .hl7v2), ("\u{0}", .json), ("", .csv),
            (String(repeating: "[", count: 100_000), .json), (String(repeating: "<a>", count: 5_000), .xml),
        ] {
            #expect(throws: SourceOutline.Unreadable.self) { try outline(text, format) }
        }
        let many = "[" + Array(repeating: "1", count: SourceOutline.most + 1).joined(separator: ",") + "]"
        let cut = try outline(many, .json)
        #expect(cut.leaves.count == SourceOutline.most && cut.isCut)
    }
}
