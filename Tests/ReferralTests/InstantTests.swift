import Referral
import Testing

@Suite struct InstantTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0 as Int64), ("2026-11-22T09:30:00Z", 1_795_339_800_000_000),
        ("2026-11-22T10:30:00+01:00", 1_795_339_800_000_000), ("2026-11-22t09:30:00.5z", 1_795_339_800_500_000),
        ("2026-11-22 09:30:00.123456Z", 1_795_339_800_123_456),
        ("2026-11-22T09:30:00.123456789Z", 1_795_339_800_123_456),
        ("2026-11-22T04:00:00-05:30", 1_795_339_800_000_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("1969-12-31T23:59:59.999999Z", -1), ("1970-01-01T00:00:00-00:00", 0),
    ])
    func `RFC 3339 is read to the microsecond`(_ text: String, _ microseconds: Int64) {
        #expect(Instant(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "2026-11-22T09:30:00", "2026-11-22", "2026-11-22T09:30Z", "2026-11-22T24:00:00Z", "2026-11-22T09:60:00Z",
        "2026-11-22T09:30:61Z", "2026-02-30T09:30:00Z", "2026-11-22T09:30:00.Z", "2026-11-22T09:30:00.1234567890Z",
        "2026-11-22T09:30:00+1:00", "2026-11-22T09:30:00+0100", "2026-11-22T09:30:00+24:00", "2026-11-22T09:30:00Z ",
        "2026-11-22T09:30:00Z[Europe/London]", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "",
    ])
    func `a time without offset or with an impossible part is refused`(_ text: String) {
        #expect(Instant(rfc3339: text) == nil)
    }

    @Test(arguments: [
        "2026-11-22T09:30:00Z", "2026-11-22T09:30:00.5Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z", "2024-02-29T00:00:00.000001Z",
    ])
    func `a time is written in UTC with the digits it needs`(_ text: String) throws {
        let instant = try #require(Instant(rfc3339: text))
        #expect(instant.rfc3339 == text)
        #expect(instant.date.iso == String(text.prefix(10)))
    }

    @Test(arguments: [Int64.min, Int64.max, -62_135_596_800_000_001])
    func `a moment outside the calendar can still be written`(_ microseconds: Int64) {
        #expect(!Instant(microseconds: microseconds).rfc3339.isEmpty)
    }

    @Test func `a day or a moment is read as what it is`() {
        #expect(DateOrInstant("2026-11-22")?.text == "2026-11-22")
        #expect(DateOrInstant("2026-11-22T10:00:00+01:00")?.text == "2026-11-22T09:00:00Z")
        #expect(DateOrInstant("yesterday") == nil)
    }
}
