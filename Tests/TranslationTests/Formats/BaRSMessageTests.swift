import Referral
import Testing
import Translation

@Suite struct BaRSMessageTests {
    private static let receiver = BaRSMessage.Receiver(services: ["999000"], ods: "X01", name: "The team")

    private static let whole: Value = [
        "resourceType": "Bundle", "id": "b-1", "type": "message",
        "entry": [
            [
                "fullUrl": "urn:uuid:1",
                "resource": [
                    "resourceType": "MessageHeader",
                    "eventCoding": ["code": "servicerequest-request"],
                    "destination": [["endpoint": "HTTP://fhir.nhs.uk/Id/dos-service-id|999000"]],
                    "source": ["name": "A trust", "endpoint": "https://fhir.nhs.uk/id/dos-service-id|1"],
                    "sender": ["reference": "Organization/o"],
                    "reason": ["coding": [["code": "new"]]], "focus": [["reference": "urn:uuid:2"]],
                ],
            ],
            [
                "fullUrl": "urn:uuid:2",
                "resource": [
                    "resourceType": "ServiceRequest", "status": "active", "intent": "plan",
                    "category": [["coding": [["system": "s", "code": "referral", "display": "about ANNE"]]]],
                    "subject": ["reference": "Patient/9990000018"], "reasonCode": [["text": "Lonely"]],
                ],
            ],
            [
                "fullUrl": "urn:uuid:3",
                "resource": ["resourceType": "Patient", "id": "9990000018", "name": [["family": "SMITH"]]],
            ],
            [
                "fullUrl": "urn:uuid:4",
                "resource": [
                    "resourceType": "Organization", "id": "o",
                    "identifier": [["system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RY8"]],
                ],
            ],
        ],
    ]

    private func message(_ value: Value) throws -> BaRSMessage { try BaRSMessage(StrictJSON.write(value)) }

    private func fault(_ value: Value) throws -> FindingCode? {
        try message(value).fault(for: Self.receiver) { $0 == "servicerequest-request" }?.code
    }

    @Test func `a whole message has no fault, whatever the case of its addresses`() throws {
        #expect(try fault(Self.whole) == nil)
        #expect(try message(Self.whole).id == "b-1")
    }

    @Test(arguments: ["https://fhir.nhs.uk/id/dos-service-id|9990001", "999000", "", "x|999000", "|999000"])
    func `another address is not for us`(endpoint: String) throws {
        var other = Self.whole
        var header = try #require(other["entry"]?[0])
        header["resource"]?["destination"] = [["endpoint": .string(endpoint)]]
        other["entry"] = .array([header] + (other["entry"]?.arrayValue ?? []).dropFirst())
        #expect(try fault(other) == .notForUs)
    }

    @Test(arguments: ["{}", "[]", "1", "{\"resourceType\":\"Bundle\"}", "<Bundle xmlns=\"http://hl7.org/fhir\"/>"])
    func `what is no message is refused`(text: String) {
        #expect(throws: DocumentError.self) { try BaRSMessage(Array(text.utf8)) }
    }

    @Test func `the reply binds to the request and tells nothing of the person`() throws {
        var number = 0
        let reply = try message(Self.whole).reply(
            from: Self.receiver, receipt: "r-1", time: "2026-11-22T09:30:00Z",
            findings: [Finding(.invalidDate, at: "person.dob", "Lies in the future")]
        ) {
            number += 1
            return "id-\(number)"
        }
        #expect(reply["id"] == "b-1" && reply["type"] == "message")
        let header = try #require(reply["entry"]?[0]?["resource"])
        #expect(header["response"]?["identifier"] == "b-1" && header["response"]?["code"] == "ok")
        #expect(header["eventCoding"]?["code"] == "servicerequest-response")
        #expect(header["destination"]?[0]?["endpoint"] == "https://fhir.nhs.uk/id/dos-service-id|1")
        let read = try BaRSMessage(StrictJSON.write(reply))
        #expect(read.repliesTo == "b-1" && read.verdict == "ok" && read.focusID == "r-1")
        #expect(try message(Self.whole).repliesTo == nil)
        let request = try #require(reply["entry"]?[1]?["resource"])
        #expect(request["id"] == "r-1" && request["subject"]?["reference"] == "urn:uuid:r-1")
        #expect(reply["entry"]?[4]?["resource"]?["issue"]?[0]?["diagnostics"] == "person.dob: Lies in the future")
        let text = String(decoding: StrictJSON.write(reply), as: UTF8.self)
        for secret in ["SMITH", "9990000018", "Lonely", "ANNE"] { #expect(!text.contains(secret)) }
    }
}
