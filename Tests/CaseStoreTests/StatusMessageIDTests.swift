import Postgres
import Testing

@testable import CaseStore

@Suite struct StatusMessageIDTests {
    @Test func `it reads back as it was written`() throws {
        let receipt = UUIDValue.v7()
        let id = StatusMessageID(
            submission: receipt, ordinal: 12, setAt: Timestamp(microseconds: 1_793_000_000_000_001))
        #expect(id.text == "status-\(receipt)-12-1793000000000001")
        #expect(StatusMessageID(id.text) == id)
    }

    @Test(arguments: [
        "", "status-", "status-x", "ack-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f-0-1",
        "status-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f", "status-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f-0",
        "status-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f-0-1-2", "status-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f-x-1",
        "status-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f--0-1", "status-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6-0-1",
        "status-01997f2e-6d7a-7c3b-8e4f-1a2b3c4d5e6f-0-99999999999999999999", "status-é",
    ])
    func `other text is no such id`(_ text: String) {
        #expect(StatusMessageID(text) == nil)
    }
}
