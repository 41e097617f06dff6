import CaseStore
import Disclosure
import Postgres
import Referral
import Testing

@testable import Hub

@Suite struct RequestReaderTests {
    private func body(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `an id is letters, digits and four signs, and never a name`() {
        for id in ["a", "coordinator-3", "A.b_c:d-9", String(repeating: "x", count: 64)] {
            #expect(RequestReader.id(id) == id)
        }
        for text in ["", "Pat Officer", "a/b", "é", "a\n", String(repeating: "x", count: 65)] {
            #expect(RequestReader.id(text) == nil)
        }
    }

    @Test func `an agreement is read`() throws {
        let request = try AgreementRequest(
            body(
                """
                {"person_id": "01a2039c-8a49-766b-8b3d-3ec22a58962e", "signed_on": "2026-07-01", "signed_by": "subject",
                 "scope": [{"recipient": "derby_homes", "purposes": ["housing_support"], "groups": ["NAME"]}]}
                """))
        // Midnight in London in summer is 23:00 UTC of the day before.
        #expect(request.agreement.signedOn == Timestamp(rfc3339: "2026-06-30T23:00:00Z"))
        #expect(request.agreement.scope.first?.groups == [.name])
    }

    @Test func `who gave permission for a child, the scan and the witness are read`() throws {
        let digest = String(repeating: "0aF", count: 21) + "1"
        let request = try AgreementRequest(
            body(
                """
                {"person_id": "01a2039c-8a49-766b-8b3d-3ec22a58962e", "signed_on": "2026-07-01",
                 "signed_by": "child_under_13_online", "guardian_permission": true, "scan_sha256": "\(digest)",
                 "witness": "coordinator-3", "scope": [{"recipient": "derby_homes", "purposes": ["housing_support"]}]}
                """))
        #expect(request.agreement.hasGuardianPermission)
        #expect(request.agreement.scanDigest?.prefix(3) == [0x0A, 0xF0, 0xAF])
        #expect(request.agreement.scanDigest?.count == 32)
        #expect(request.agreement.witness == "coordinator-3")
    }

    @Test(arguments: [
        "\"requested_by\": \"An Officer\"", "\"requested_by\": 7",
        "\"requested_by\": \"\(String(repeating: "a", count: 65))\"",
    ])
    func `who takes a share back is an id`(member: String) {
        #expect(throws: RequestError.self) { try CancellationRequest(body("{\(member)}")) }
    }

    @Test func `everything that is wrong with an agreement is told at once`() throws {
        let refused = #expect(throws: RequestError.self) {
            try AgreementRequest(
                body(
                    """
                    {"person_id": "x", "signed_on": "31/12/2025", "signed_by": "neighbour", "starts": "2026-02-01",
                     "expires": "2026-01-01", "guardian_permission": "yes", "authority_evidence": " ", "scan_sha256": "0g", "witness": "A Name",
                     "scope": [{"recipient": "", "purposes": ["marketing2"], "about": "dog"}]}
                    """))
        }
        let error = try #require(refused)
        #expect(
            Set(error.findings.map(\.path)) == [
                "person_id", "signed_on", "signed_by", "expires", "scope[0].recipient", "scope[0].purposes[0]",
                "scope[0].purposes", "scope[0].about", "guardian_permission", "authority_evidence", "scan_sha256",
                "witness",
            ])
    }

    @Test(arguments: ["", "null", "[]", "{", "\"a\"", "{\"a\":1,\"a\":2}", "{\"person_id\": {}}"])
    func `a body that is no such object is refused`(text: String) {
        #expect(throws: RequestError.self) { try AgreementRequest(body(text)) }
        #expect(throws: RequestError.self) { try NewShareRequest(body(text)) }
    }

    @Test func `an empty withdrawal withdraws the whole agreement as of now`() throws {
        let request = try WithdrawalRequest([])
        #expect(request.recipient == nil && request.receivedAt == nil)
        #expect(throws: RequestError.self) { try WithdrawalRequest(body("{\"received_at\": \"2999-01-01\"}")) }
    }
}
