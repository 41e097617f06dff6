import Referral
import Testing

@testable import Console

@Suite struct PauseFormTests {
    private func form(_ reason: String?, _ end: String? = "1h") -> PauseForm {
        var fields: [String: String] = [:]
        fields["reason"] = reason
        fields["end"] = end
        return PauseForm(fields)
    }

    @Test(arguments: ["a", "Their <b>maintenance</b>", String(repeating: "é", count: 500)])
    func `a reason of one to five hundred characters will do`(reason: String) {
        let form = form("  \(reason) \n")
        #expect(form.isRight && form.reason == reason && form.end == .hour)
    }

    @Test(arguments: [nil, "", " \n\t ", String(repeating: "a", count: 501), "a\u{0}b", "a\u{1b}b"])
    func `another is a mistake at its field`(reason: String?) {
        #expect(form(reason).mistakes.map(\.field) == ["reason"])
    }

    @Test(arguments: [nil, "", "forever", "1H"])
    func `so is an end that is none of those offered`(end: String?) {
        #expect(form("x", end).mistakes.map(\.field) == ["end"])
        #expect(form("", end).mistakes.map(\.field) == ["reason", "end"])
    }

    @Test func `lines become one`() { #expect(form("a\r\n  b").reason == "a b") }

    @Test(arguments: [
        // In winter and in summer, on the day before the clocks change, and just after midnight in London.
        ("2026-01-05T12:00:00Z", "2026-01-06T08:00:00Z"), ("2026-07-01T12:00:00Z", "2026-07-02T07:00:00Z"),
        ("2026-03-28T12:00:00Z", "2026-03-29T07:00:00Z"), ("2026-10-24T12:00:00Z", "2026-10-25T08:00:00Z"),
        ("2026-06-30T23:30:00Z", "2026-07-02T07:00:00Z"),
    ])
    func `the morning is tomorrow's, by London's clocks`(from: String, to: String) throws {
        let (now, morning) = (try #require(Instant(rfc3339: from)), try #require(Instant(rfc3339: to)))
        let time = try #require(PauseForm.End.morning.time(from: now))
        #expect(time == .microseconds(morning.microseconds - now.microseconds))
    }

    @Test func `only one end is somebody's to make`() throws {
        let now = try #require(Instant(rfc3339: "2026-07-01T12:00:00Z"))
        #expect(PauseForm.End.allCases.filter { $0.time(from: now) == nil } == [.byHand])
    }
}
