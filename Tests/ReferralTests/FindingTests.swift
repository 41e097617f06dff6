import Referral
import Testing

@Suite struct FindingTests {
    @Test func `a finding is written as the acknowledgement has it`() {
        let finding = Finding(.invalidIdentifier, at: "person.identifiers[0].value", "the check digit is wrong")
        #expect(
            finding.value == [
                "code": "invalid_identifier", "path": "person.identifiers[0].value", "text": "the check digit is wrong",
            ])
    }
}
