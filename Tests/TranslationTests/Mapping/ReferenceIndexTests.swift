import Referral
import Testing

@testable import Translation

struct ReferenceIndexTests {
    /// A bundle of a request from `https://a.example.org/fhir/`, and people with the same id on two servers.
    private func family(of subject: String, extra: String = "") throws -> [String] {
        let bundle = """
            {"resourceType":"Bundle","entry":[
              {"fullUrl":"https://a.example.org/fhir/ServiceRequest/7","resource":{"resourceType":"ServiceRequest","id":"7",
                "contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Contained"}]},
                             {"resourceType":"RelatedPerson","id":"r","patient":{"reference":"#p"}}],
                "subject":\(subject)}},
              {"fullUrl":"https://b.example.org/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1","name":[{"family":"Other"}]}},
              {"fullUrl":"https://a.example.org/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1","name":[{"family":"Own"}]}},
              {"fullUrl":"urn:uuid:5","resource":{"resourceType":"Patient","id":"9","identifier":[{"system":"s","value":"v"}],
                "name":[{"family":"Urn"}]}},
              {"resource":{"resourceType":"Bundle","entry":[
                {"fullUrl":"urn:uuid:6","resource":{"resourceType":"Patient","name":[{"family":"Nested"}]}}]}}\(extra)]}
            """
        return try found("entry.resource[resourceType=ServiceRequest].subject->name.family", in: bundle, .fhir).texts
    }

    @Test(arguments: [
        (#"{"reference":"https://b.example.org/fhir/Patient/1"}"#, "Other"), (#"{"reference":"Patient/1"}"#, "Own"),
        (#"{"reference":"Patient/1/_history/3"}"#, "Own"), (#"{"reference":"urn:uuid:5"}"#, "Urn"),
        (#"{"reference":"urn:uuid:9"}"#, "Urn"), (#"{"reference":"Patient/9"}"#, "Urn"),
        (##"{"reference":"#p"}"##, "Contained"),
        (#"{"identifier":{"system":"s","value":"v"}}"#, "Urn"), (#"{"reference":"urn:uuid:6"}"#, "Nested"),
        (#"{"reference":"https://elsewhere.example.org/Patient/9"}"#, "Urn"), (#""urn:uuid:5""#, "Urn"),
    ]) func `a reference leads to its resource`(_ reference: String, _ family: String) throws {
        #expect(try self.family(of: reference) == [family])
    }

    @Test(arguments: [
        #"{"reference":"Patient/2"}"#, ##"{"reference":"#x"}"##, #"{"reference":""}"#, #"{"reference":5}"#, "null",
        "{}",
        #"{"identifier":{"value":"v"}}"#, #"{"display":"Own"}"#, ##"{"reference":"#"}"##,
        #"{"reference":"/_history/"}"#,
    ]) func `one that leads nowhere in the document finds nothing`(_ reference: String) throws {
        #expect(try family(of: reference) == [])
    }

    @Test func `a contained resource is not found from another resource`() throws {
        let extra = ##",{"resource":{"resourceType":"Task","for":{"reference":"#p"}}}"##
        let document =
            #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Flag","contained":[{"resourceType":"Patient","id":"p","name":[{"family":"X"}]}]}}"#
            + extra + "]}"
        #expect(try found("entry.resource[resourceType=Task].for->name.family", in: document, .fhir).texts == [])
    }

    @Test func `contained resources refer to one another, also in a resource by itself`() throws {
        let document = """
            {"resourceType":"Task","contained":[{"resourceType":"RelatedPerson","id":"r","patient":{"reference":"#p"}},
             {"resourceType":"Patient","id":"p","name":[{"family":"X"}]}],"for":{"reference":"#r"}}
            """
        #expect(try found("for->patient->name.family", in: document, .fhir).texts == ["X"])
    }
}
