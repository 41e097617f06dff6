import Referral
import Testing

struct LondonTimeTests {
    private func instant(_ date: String, _ hour: Int, _ minute: Int = 0) throws -> String {
        LondonTime.instant(try #require(CalendarDate(iso: date)), second: hour * 3600 + minute * 60).rfc3339
    }

    @Test func `summer time begins on the last Sunday of March`() throws {
        #expect(try instant("2026-03-29", 0, 59) == "2026-03-29T00:59:00Z")
        #expect(try instant("2026-03-29", 2) == "2026-03-29T01:00:00Z")
        #expect(try instant("2024-03-31", 12) == "2024-03-31T11:00:00Z")
        #expect(try instant("2024-03-30", 12) == "2024-03-30T12:00:00Z")
    }

    @Test func `summer time ends on the last Sunday of October`() throws {
        #expect(try instant("2026-10-25", 0, 30) == "2026-10-24T23:30:00Z")
        #expect(try instant("2026-10-25", 2) == "2026-10-25T02:00:00Z")
    }

    @Test func `of the hour that comes twice the first is meant`() throws {
        #expect(try instant("2026-10-25", 1, 30) == "2026-10-25T00:30:00Z")
    }

    @Test func `the skipped hour is read as if the clocks had not changed`() throws {
        #expect(try instant("2026-03-29", 1, 30) == "2026-03-29T01:30:00Z")
    }

    @Test func `what the clocks show is read back as the same moment`() throws {
        for hour in stride(from: 0, to: 24 * 365, by: 7) {
            let moment = Instant(seconds: 1_767_225_600 + hour * 3600)
            let clock = LondonTime.clock(moment)
            let back = LondonTime.instant(clock.date, second: clock.second)
            // In the hour that comes twice, the second reading is one hour early.
            #expect(back == moment || moment.rfc3339.hasPrefix("2026-10-25T01"))
        }
    }
}
