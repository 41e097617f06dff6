import MessageQueue
import Testing

struct CauseTests {
    @Test func `causes that differ only in numbers and ids have one fingerprint`() {
        let one = Cause(code: "http_status", text: "answered 503 after 31 ms, request 0af1-99")
        let other = Cause(code: "http_status", text: "answered 503 after 2042 ms, request be12-07")
        #expect(one != other)
        #expect(one.fingerprint == other.fingerprint)
    }

    @Test func `causes that differ in code or words have different fingerprints`() {
        let causes = [
            Cause(code: "http_status", text: "answered late"), Cause(code: "http_status", text: "answered never"),
            Cause(code: "timeout", text: "answered late"), Cause(code: "timeout"),
        ]
        #expect(Set(causes.map(\.fingerprint)).count == 4)
    }

    @Test func `a fingerprint is the same in every process`() {
        #expect(Cause.leaseLost.fingerprint == Cause(code: "lease_lost", text: Cause.leaseLost.text).fingerprint)
        #expect(Cause(code: "a").fingerprint == -1_879_442_396_912_323_861)
    }

    @Test func `long texts are cut`() {
        #expect(Cause(code: "x", text: String(repeating: "y", count: 600)).text.count == 500)
    }
}
