import Testing
import Translation

@testable import Hub

@Suite struct MediaTypeTests {
    @Test(arguments: [
        ("application/json", DocumentFormat.json), ("application/vnd.lac.referral+json;v=1", .json),
        ("application/fhir+json; fhirVersion=4.0", .fhir), ("application/hl7-v2", .hl7v2),
        ("x-application/hl7-v2+er7; charset=utf-8", .hl7v2), ("Application/XML", .xml),
        ("text/csv ; header=present", .csv),
    ])
    func `a media type names its format, whatever its parameters`(type: String, format: DocumentFormat) {
        #expect(MediaType.format(type) == format)
    }

    @Test(arguments: ["", ";", "application/pdf", "json", "text/plain", "application/jsonx"])
    func `any other is not taken`(type: String) {
        #expect(MediaType.format(type) == nil)
    }

    @Test func `none is not taken`() {
        #expect(MediaType.format(nil) == nil)
    }
}
