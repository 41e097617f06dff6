import Referral
import Testing

@testable import Console

@Suite struct MessageFilterTests {
    private let choices = MessageFilter.Choices(
        senders: [("uhdb", "The <Trust>"), ("gp:C81001", "A practice")], channels: [("https", "HTTP")],
        states: [("incomplete", "Incomplete")], causes: [("missing", "Something is missing")])

    private func read(_ parameters: [String: String]) -> MessageFilter.Reading {
        MessageFilter.read(parameters, choices)
    }

    @Test func `what is asked for is written as it is read, in one order`() {
        let asked = [
            "work": "open", "to": "2026-03-31", "from": "2026-03-01", "cause": "missing", "state": "incomplete",
            "channel": "https", "sender": "gp:C81001", "older": "elsewhere", "more": "left alone",
        ]
        let reading = read(asked)
        #expect(reading.mistakes.isEmpty)
        #expect(
            reading.filter.query == "sender=gp%3AC81001&channel=https&state=incomplete&cause=missing&from=2026-03-01"
                + "&to=2026-03-31&work=open")
        #expect(reading.filter.address("/list", "older=x").hasSuffix("&work=open&older=x"))
    }

    @Test func `nothing is asked for by empty fields`() {
        let reading = read(["sender": "", "channel": "", "state": "", "cause": "", "from": "", "to": "", "work": ""])
        #expect(reading.mistakes.isEmpty && reading.filter == MessageFilter())
        #expect(reading.filter.query == "" && reading.filter.address("/list") == "/list")
        #expect(reading.filter.address("/list", "older=x") == "/list?older=x")
    }

    @Test(arguments: [
        ("sender", "nobody"), ("sender", String(repeating: "x", count: 400)), ("channel", "pigeon"),
        ("state", "accepted'; --"), ("cause", "<script>"), ("from", "31/3/2026"), ("from", "2026-02-30"),
        ("to", "\u{0}"),
        ("work", "yes"),
    ])
    func `what cannot be is said at its field, and not asked for`(field: String, value: String) {
        let reading = read([field: value])
        #expect(reading.mistakes.map(\.field) == [field] && reading.filter == MessageFilter())
        #expect((reading.typed[field] ?? "").count <= 100)
    }

    @Test func `days that run backwards are a mistake, and one day is none`() {
        #expect(read(["from": "2026-03-02", "to": "2026-03-01"]).mistakes.map(\.field) == ["to"])
        #expect(read(["from": "2026-03-01", "to": "2026-03-01"]).mistakes.isEmpty)
    }
}
