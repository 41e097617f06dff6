import Testing

@testable import Channels

@Suite struct CivilTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_340_096, "2026-11-22T09:34:56Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
    func `seconds are the instants of the calendar`(seconds: Int64, text: String) {
        #expect(CivilTime.rfc3339(seconds) == text)
    }

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (1_795_860_005, "Sat, 28 Nov 2026 10:00:05 +0000"),
        ] as [(Int64, String)])
    func `a date of e-mail is that of the calendar`(seconds: Int64, text: String) {
        #expect(CivilTime.rfc5322(seconds) == text)
    }

    @Test func `days and dates agree over four centuries`() {
        for days in stride(from: Int64(-80000), through: 80000, by: 37) {
            let (year, month, day) = CivilTime.date(days: days)
            #expect(CivilTime.days(year: year, month: month, day: day) == days)
        }
    }
}
