import Referral
import Testing

@testable import Translation

struct FHIRResourceTests {
    private func parse(_ text: String) throws -> Value { try FHIRResource.parse(Array(text.utf8), limits: .default) }

    @Test(arguments: [
        (#"{"resourceType":"Patient"}"#, "Patient"),
        (#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"}}]}"#, "Bundle"),
        (
            #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Task"}},{"resource":{"resourceType":"ServiceRequest"}}]}"#,
            "ServiceRequest"
        ),
        (
            #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MessageHeader","eventCoding":{"code":"x"}}}]}"#,
            "x"
        ),
        (
            #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MessageHeader","event":{"code":"ITK007C"}}}]}"#,
            "ITK007C"
        ),
        (
            #"{"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Composition"}},{"resource":{"resourceType":"ServiceRequest"}}]}"#,
            "Composition"
        ),
        (#" <Flag xmlns="http://hl7.org/fhir"/>"#, "Flag"),
    ]) func `a resource says what it is about`(_ text: String, _ subject: String) throws {
        #expect(FHIRResource.subject(of: try parse(text)) == subject)
    }

    @Test(arguments: ["", "{", "<Patient", "<Patient xmlns='http://hl7.org/fhir'>", "<!DOCTYPE x><x/>"])
    func `what cannot be read is refused`(_ text: String) {
        #expect(throws: DocumentError.self) { try parse(text) }
    }

    @Test func `a message cut off anywhere is refused, in either form`() throws {
        for ending in ["xml", "json"] {
            let file = "\(AdapterFolder.real)/bars/samples/in/booking.\(ending)"
            let bytes = try #require(AdapterFiles.bytes(file))
            let end = try #require(bytes.lastIndex { $0 == UInt8(ascii: ending == "xml" ? ">" : "}") })
            for length in stride(from: 0, through: end, by: 7) {
                #expect(throws: DocumentError.self) {
                    try FHIRResource.parse(Array(bytes.prefix(length)), limits: .default)
                }
            }
        }
    }
}
