import Referral
import Testing

@testable import Translation

struct DocumentPathTests {
    // MARK: JSON and FHIR

    private let bundle = """
        {"resourceType": "Bundle", "entry": [
          {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "MessageHeader", "focus": [{"reference": "urn:uuid:2"}]}},
          {"fullUrl": "urn:uuid:2", "resource": {"resourceType": "ServiceRequest", "subject": {"reference": "Patient/p"},
            "note": {"reference": "urn:uuid:gone"}, "self": {"reference": "https://example.org/fhir/Patient/p"}}},
          {"fullUrl": "https://example.org/Patient/p", "resource": {"resourceType": "Patient", "id": "p",
            "name": [{"use": "old", "family": "Former"}, {"use": "official", "family": "Example", "given": ["Anne", "Marie"]}],
            "contact": [{"relationship": [{"coding": [{"code": "ONESELF"}]}], "phone": "1"}, {"phone": "2"}]}}]}
        """

    @Test(arguments: [
        ("entry[0].resource.resourceType", ["MessageHeader"]),
        ("entry.resource.resourceType", ["MessageHeader", "ServiceRequest", "Patient"]),
        ("entry.resource[resourceType=MessageHeader].focus->subject->name.family", ["Former", "Example"]),
        ("entry[1].resource.self->name[use=official].given", ["Anne", "Marie"]),
        ("entry[1].resource.note->name.family", []),
        ("entry[2].resource.name[use=OLD, usual].family", ["Former"]),
        ("entry[2].resource.name[use!=old].family", ["Example"]),
        ("entry[2].resource.name[given].family", ["Example"]), ("entry[2].resource.name[not given].family", ["Former"]),
        ("entry[2].resource.contact[relationship.coding.code=ONESELF].phone", ["1"]),
        ("entry[2].resource.contact[relationship.coding.code!=ONESELF].phone", ["2"]), ("entry[9].resource", []),
        ("entry[2].resource.name[1].given[1]", ["Marie"]), ("entry.resource[resourceType*=patient].id", ["p"]),
    ]) func `tree paths`(_ path: String, _ expected: [String]) throws {
        #expect(try found(path, in: bundle, .fhir).texts == expected)
    }

    @Test func `a place is written as the path to it`() throws {
        let result = try found(
            "entry.resource[resourceType=MessageHeader].focus->subject->name.family | date", in: bundle, .fhir)
        #expect(
            result.raised.map(\.finding.path) == [
                "entry[2].resource.name[0].family", "entry[2].resource.name[1].family",
            ])
    }

    @Test func `references that lead in a circle end`() throws {
        let circle =
            #"{"resourceType":"Bundle","entry":[{"fullUrl":"a","resource":{"next":{"reference":"a"},"end":"x"}}]}"#
        #expect(try found("entry.resource.next->next->next->end", in: circle, .fhir).texts == ["x"])
    }

    // MARK: XML

    private let xml = """
        <p:ppn xmlns:p="urn:x" version="1">stray<header><ref id="7"> A&amp;B </ref></header>
        <persons><person role="subject"><name>Anne</name></person><person><role>child</role><name>Kit</name></person></persons>
        <kind>one</kind><kind>two</kind><empty/></p:ppn>
        """

    @Test(arguments: [
        ("header/ref", ["A&B"]), ("header/ref/@id", ["7"]), ("'v' | when @version = 1", ["v"]),
        ("kind", ["one", "two"]), ("kind[2]", ["two"]),
        ("persons/person[role=subject]/name", ["Anne"]), ("persons/person[role=child]/name", ["Kit"]),
        ("persons/person[@role=subject]/name", ["Anne"]), ("persons/*/name", ["Anne", "Kit"]), ("empty", []),
        ("gone/kind", []),
        ("persons/person | map .name", ["Anne", "Kit"]), ("persons/person | map .@role", ["subject"]),
    ]) func `xml paths`(_ path: String, _ expected: [String]) throws {
        #expect(try found(path, in: xml, .xml).texts == expected)
    }

    // MARK: HL7 v2

    private let hl7 = [
        #"MSH|^~\&|PAS|RTG|HUB|LAC|20261122093000||REF^I12|1|P|2.4"#, "RF1|P|S^Stat||||^^REF1",
        "NTE|1||on the referral",
        "PRD|RT|To^There", "PRD|RP^Referring|WORKER^UNA", "PID|1||9^^^NHS~8^^^RTG&x^MR~\"\"||SMITH&VAN^ANNE|||||||\"\"",
        "NTE|1||first", "NTE|2||second", "NK1|1|DOE^JO", "OBX|1|TX|||x", "NTE|1||lab",
    ].joined(separator: "\r")

    @Test(arguments: [
        ("PID-5.1", ["SMITH"]), ("PID-5", ["SMITH"]), ("PID-5.1.2", ["VAN"]), ("PID-3", ["9", "8"]),
        ("PID-3(2)", ["8"]),
        ("PID-3(2).4.2", ["x"]), ("PID-3[4=NHS]", ["9"]), ("PID-3[5=NH,MR].1", ["8"]), ("PID-3[5!=MR].1", ["9"]),
        ("PID-12", []),
        ("PRD[1.1=RP]-2.1", ["WORKER"]), ("PRD(1)-2.1", ["To"]),
        ("NTE-3", ["on the referral", "first", "second", "lab"]),
        ("PID/NTE-3", ["first", "second"]), ("RF1/NTE-3", ["on the referral"]), ("NTE(3)-3", ["second"]), ("ZZZ-1", []),
        ("RF1-6.1 or RF1-6.3", ["REF1"]), ("MSH-9.2", ["I12"]), ("PRD | map .2.2", ["There", "UNA"]),
        ("PID-3 | map .1", ["9", "8"]), ("NK1 | map .2.1", ["DOE"]), ("MSH-1", ["|"]),
    ]) func `hl7 paths`(_ path: String, _ expected: [String]) throws {
        #expect(try found(path, in: hl7, .hl7v2).texts == expected)
    }

    @Test func `hl7 places name segment, field and repetition`() throws {
        let result = try found("PID-3.1 + NTE-3 | date", in: hl7, .hl7v2)
        #expect(
            result.raised.map(\.finding.path) == ["PID-3.1", "PID-3(2).1", "NTE-3", "NTE(2)-3", "NTE(3)-3", "NTE(4)-3"])
    }

    // MARK: Tables

    @Test func `columns are found by folded headings and synonyms`() throws {
        let table = "D.O.B.;Last Name;Last name;E-mail\r\n1950-01-02; ;Example;a@example.org\r\n"
        var grammar = PathGrammar(.csv)
        grammar.columns = ["surname": ["family name", "last name"], "dob": ["date of birth"]]
        let scope = Scope(try .document(table, .csv))
        for (path, expected) in [
            ("dob", ["1950-01-02"]), ("surname", ["Example"]), ("email", ["a@example.org"]), ("phone", []),
        ] {
            #expect(try grammar.path(path).items(scope).map { $0.text ?? "" } == expected)
        }
        #expect(try grammar.path("dob").items(scope).first?.place.text == "line 2, dob")
    }

    @Test func `a name stands for the path it was given, and may not stand for itself`() throws {
        var grammar = PathGrammar(.json)
        grammar.names = ["one": "two.b", "two": "a[0]", "loop": "loop.x"]
        let scope = Scope(try .document(#"{"a":[{"b":{"c":"d"}}]}"#, .json))
        #expect(try grammar.path("one.c").items(scope).map { $0.text ?? "" } == ["d"])
        #expect(throws: SyntaxProblem.self) { try grammar.path("loop.y") }
    }
}
