import Referral
import Testing

@testable import Translation

/// What a receiver of the Booking and Referral Standard says when it does not take a message.
struct BaRSOutcomeTests {
    private func outcome(_ code: String, issue: String = "invariant", severity: String = "error") throws -> BaRSOutcome
    {
        try BaRSOutcome(
            Array(
                """
                {"resourceType":"OperationOutcome","issue":[{"severity":"\(severity)","code":"\(issue)","details":{"coding":[
                {"system":"https://fhir.nhs.uk/Codesystem/http-error-codes","code":"\(code)"}]},"diagnostics":"MRS EXAMPLE"}]}
                """.utf8))
    }

    @Test(arguments: [
        ("REC_BAD_REQUEST", "rec_bad_request"), ("PROXY_SERVER_ERROR", "proxy_server_error"),
        ("SEND_TOO_MANY_REQUESTS", "send_too_many_requests"), ("rec_timeout", "rec_timeout"),
        ("REC_MRS_EXAMPLE", nil), ("MRS EXAMPLE", nil), ("REC", nil), ("", nil),
    ])
    func `a code of the standard is known and nothing else of the receiver's words is repeated`(
        word: String, code: String?
    ) throws {
        #expect(try outcome(word).code == code)
    }

    @Test func `a duplicate is one by its issue`() throws {
        #expect(try outcome("REC_CONFLICT", issue: "duplicate").isDuplicate)
        #expect(try !outcome("REC_CONFLICT", issue: "conflict").isDuplicate)
    }

    @Test func `a warning alone is no error`() throws {
        let warning = try outcome("REC_CONFLICT", issue: "duplicate", severity: "warning")
        #expect(!warning.isError && !warning.isDuplicate && warning.code == nil)
        #expect(try outcome("REC_CONFLICT", severity: "fatal").isError)
    }

    @Test(arguments: [
        "", "{", "[]", "taken", "<html></html>", #"{"resourceType":"Bundle","issue":[{}]}"#,
        #"{"resourceType":"OperationOutcome"}"#, #"{"resourceType":"OperationOutcome","issue":[]}"#,
        #"{"resourceType":"OperationOutcome","issue":{"severity":"error"}}"#,
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: DocumentError.self) { try BaRSOutcome(Array(text.utf8)) }
    }
}
