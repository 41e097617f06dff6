import Postgres
import Testing

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2000-02-29T12:30:45.5Z", 951_827_445_500_000),
        ("2026-03-29T01:59:60Z", 1_774_749_600_000_000),
        ("2026-06-01T10:00:00+01:00", 1_780_304_400_000_000),
        ("2026-06-01t09:00:00.1234567z", 1_780_304_400_123_456),
        ("2026-06-01 04:30:00-04:30", 1_780_304_400_000_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    ])
    func `RFC 3339 is read`(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "2026-06-01", "2026-06-01T10:00:00", "2026-02-29T10:00:00Z", "2100-02-29T10:00:00Z", "2026-13-01T10:00:00Z",
        "2026-06-31T10:00:00Z", "2026-06-01T24:00:00Z", "2026-06-01T10:60:00Z", "2026-06-01T10:00:61Z",
        "2026-06-01T10:00:00.Z", "2026-06-01T10:00:00Zx", "2026-06-01T10:00:00+0100", "26-06-01T10:00:00Z",
        "2026-06-01T10:00:00+24:00", "２026-06-01T10:00:00Z", "-026-06-01T10:00:00Z",
    ])
    func `anything else is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (951_827_445_500_000, "2000-02-29T12:30:45.500Z"),
        (253_402_300_800_000_000, "+10000-01-01T00:00:00Z"),
    ])
    func `it is written with as few digits as do`(microseconds: Int64, text: String) {
        #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
    }

    @Test func `every day of four centuries comes back`() {
        for day in stride(from: Int64(-150_000), to: 150_000, by: 37) {
            let instant = Timestamp(seconds: day * 86_400 + 3661)
            guard instant.microseconds > -62_167_219_200_000_000 else { continue }
            #expect(Timestamp(rfc3339: instant.rfc3339) == instant)
        }
    }

    @Test func `the ends of time can be written and do not overflow`() {
        #expect(Timestamp.distantPast.rfc3339.hasPrefix("-"))
        #expect(Timestamp.distantFuture.rfc3339.hasPrefix("+"))
        #expect(Timestamp.distantFuture + .seconds(1) == .distantFuture)
        #expect(Timestamp.distantPast - .seconds(1) == .distantPast)
    }

    @Test func `durations add and subtract`() {
        let start = Timestamp(seconds: 100)
        #expect(start + .milliseconds(1500) == Timestamp(microseconds: 101_500_000))
        #expect(start - .seconds(1) == Timestamp(seconds: 99))
        #expect(start - Timestamp(seconds: 40) == .seconds(60))
    }
}
