import NIOHTTP1
import Testing

@testable import Channels

@Suite struct RetryAfterTests {
    @Test(arguments: [
        ("120", Duration.seconds(120)), ("0", .zero), ("Sun, 22 Nov 2026 09:36:00 GMT", .seconds(90)),
        ("Sun, 22 Nov 2026 09:00:00 GMT", .zero), ("999999999", .seconds(86400)),
    ])
    func `seconds and dates are understood`(wish: String, expected: Duration) {
        let headers: HTTPHeaders = ["Retry-After": wish, "Date": "Sun, 22 Nov 2026 09:34:30 GMT"]
        #expect(RetryAfter.duration(headers) == expected)
    }

    @Test(arguments: ["soon", "-5", "Sun, 22 Nov 2026", "Sun, 99 Foo 2026 09:36:00 GMT", ""])
    func `anything else is no wish`(wish: String) {
        #expect(RetryAfter.duration(["Retry-After": wish, "Date": "Sun, 22 Nov 2026 09:34:30 GMT"]) == nil)
    }
}
