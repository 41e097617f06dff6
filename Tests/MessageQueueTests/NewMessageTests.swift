import MessageQueue
import Testing

@testable import MessageQueue

struct NewMessageTests {
    @Test(arguments: ["intake", "out.derby_homes", "out.gp:C81001", "a", String(repeating: "a", count: 100)])
    func `a queue's name within its form is taken`(name: String) throws {
        try NewMessage(queue: name, payload: []).validate()
    }

    @Test(arguments: ["", ".out", "in take", "naïve", "a/b", String(repeating: "a", count: 101)])
    func `a queue's name outside its form is refused`(name: String) {
        #expect(throws: QueueError.queueName(name)) { try NewMessage(queue: name, payload: []).validate() }
    }

    @Test func `a key has 1 to 200 bytes and no zero`() throws {
        try NewMessage("q", "", key: String(repeating: "k", count: 200)).validate()
        #expect(throws: QueueError.keyLength(bytes: 0)) { try NewMessage("q", "", key: "").validate() }
        #expect(throws: QueueError.keyLength(bytes: 202)) {
            try NewMessage("q", "", key: String(repeating: "é", count: 101)).validate()
        }
        #expect(throws: QueueError.keyHoldsZeroByte) { try NewMessage("q", "", key: "a\0b").validate() }
    }

    @Test func `a payload over the limit is refused`() {
        let limit = NewMessage.maximumPayloadBytes
        #expect(throws: QueueError.payloadTooLarge(bytes: limit + 1)) {
            try NewMessage(queue: "q", payload: [UInt8](repeating: 0, count: limit + 1)).validate()
        }
    }
}
