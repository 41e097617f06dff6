import Referral
import Testing

@testable import Translation

struct FHIRXMLTests {
    private func value(_ xml: String) throws -> Value { try FHIRXML.value(of: XMLDocument.parse(Array(xml.utf8))) }

    private func patient(_ inner: String) throws -> Value {
        try value("<Patient xmlns='http://hl7.org/fhir'>\(inner)</Patient>")
    }

    @Test(arguments: ["request", "booking"]) func `a message in XML is the tree of the same message in JSON`(
        _ name: String
    ) throws {
        let stem = "\(AdapterFolder.real)/bars/samples/in/\(name)"
        let xml = try FHIRResource.parse(#require(AdapterFiles.bytes("\(stem).xml")), limits: .default)
        let json = try FHIRResource.parse(#require(AdapterFiles.bytes("\(stem).json")), limits: .default)
        #expect(xml == json)
    }

    @Test func `values come from attributes, with JSON's types`() throws {
        #expect(
            try patient("<id value='p1'/><active value='true'/><multipleBirthInteger value='2'/><gender value='true'/>")
                == [
                    "resourceType": "Patient", "id": "p1", "active": true, "multipleBirthInteger": .number("2"),
                    "gender": "true",
                ])
    }

    @Test func `what may repeat is an array, what may not is none, what does repeat is one in any case`() throws {
        let tree = try patient(
            "<name><family value='A'/><given value='B'/></name><contact><name><family value='C'/></name></contact>"
                + "<birthDate value='1950'/><birthDate value='1951'/>")
        #expect(tree[path: "name[0].given[0]"] == "B")
        #expect(tree[path: "contact[0].name.family"] == "C")
        #expect(tree["birthDate"] == ["1950", "1951"])
    }

    @Test func `an identifier repeats in a resource and not in a reference`() throws {
        let tree = try patient(
            "<identifier><value value='1'/></identifier>"
                + "<managingOrganization><identifier><value value='2'/></identifier></managingOrganization>")
        #expect(tree[path: "identifier[0].value"] == "1")
        #expect(tree[path: "managingOrganization.identifier.value"] == "2")
    }

    @Test func `an extension has its address, a primitive keeps what is said about it`() throws {
        let tree = try patient(
            "<extension url='http://x/a'><valueBoolean value='false'/></extension>"
                + "<birthDate id='b' value='1950-01-02'><extension url='u'><valueString value='x'/></extension></birthDate>"
        )
        #expect(tree["extension"] == [["url": "http://x/a", "valueBoolean": false]])
        #expect(tree["birthDate"] == "1950-01-02")
        #expect(tree["_birthDate"] == ["id": "b", "extension": [["url": "u", "valueString": "x"]]])
    }

    @Test func `what is said about one of several names stands at its place`() throws {
        let tree = try patient(
            "<name><given value='A'/><given value='B'><extension url='u'><valueCode value='c'/></extension></given></name>"
        )
        #expect(tree[path: "name[0].given"] == ["A", "B"])
        #expect(tree[path: "name[0]._given"] == [nil, ["extension": [["url": "u", "valueCode": "c"]]]])
    }

    @Test func `Base64 that was broken into lines is whole again`() throws {
        let binary = try value("<Binary xmlns='http://hl7.org/fhir'><data value='aGVs\n  bG8='/></Binary>")
        #expect(binary["data"] == "aGVsbG8=")
    }

    @Test func `the narrative and empty elements are left out`() throws {
        let tree = try patient(
            "<text><status value='generated'/><div xmlns='http://www.w3.org/1999/xhtml'><p>Secret</p></div></text><name/>"
        )
        #expect(tree == ["resourceType": "Patient", "text": ["status": "generated"]])
    }

    @Test func `resources within resources keep their type`() throws {
        let tree = try value(
            "<f:Bundle xmlns:f='http://hl7.org/fhir'><f:entry><f:resource><f:Patient><f:contained><f:Flag/></f:contained>"
                + "</f:Patient></f:resource></f:entry></f:Bundle>")
        #expect(tree[path: "entry[0].resource.contained[0].resourceType"] == "Flag")
    }

    @Test(arguments: ["<Patient/>", "<patient xmlns='http://hl7.org/fhir'/>", "<x xmlns='urn:x'/>"])
    func `what is no FHIR resource is refused`(_ xml: String) {
        let error = #expect(throws: DocumentError.self) { try value(xml) }
        #expect(error?.code == .schema)
    }
}
