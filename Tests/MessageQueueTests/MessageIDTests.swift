import MessageQueue
import Testing

struct MessageIDTests {
    @Test func `an id reads back from its text`() {
        #expect(MessageID("42") == MessageID(rawValue: 42))
        #expect(MessageID(rawValue: 42).description == "42")
    }

    @Test(arguments: ["", "0", "-1", "1.5", "x", "99999999999999999999"])
    func `what is no id is refused`(text: String) {
        #expect(MessageID(text) == nil)
    }
}
