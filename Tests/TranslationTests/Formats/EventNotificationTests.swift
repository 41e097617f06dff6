import Referral
import Testing

@testable import Translation

struct EventNotificationTests {
    private func opened(_ text: String) throws -> Value? {
        try EventNotification.opened(StrictJSON.parse(Array(text.utf8)), limits: .default)
    }

    @Test func `the event comes out with the notification beside it`() throws {
        let event = try opened(#"{"Type":"Notification","MessageId":"1","Message":"{\"eventType\":\"x\"}"}"#)
        #expect(event == ["eventType": "x", "notification": ["Type": "Notification", "MessageId": "1"]])
    }

    @Test(arguments: [
        #"{"eventType":"x"}"#, #"{"Type":"Notification"}"#, #"{"Type":"Notification","Message":{}}"#, "[]", "1",
    ])
    func `any other document is left alone`(_ text: String) throws {
        #expect(try opened(text) == nil)
    }

    @Test(arguments: ["", "hello", "[]", "1", #"{\"a\":1,\"a\":2}"#, #"{\"a\":{\"b\":1,\"b\":1}}"#, "{"])
    func `a text that is no event is refused with its place`(_ message: String) {
        let error = #expect(throws: DocumentError.self) {
            try opened(#"{"Type":"Notification","Message":""# + message + #""}"#)
        }
        #expect(error?.path.hasPrefix("Message") == true)
    }
}
