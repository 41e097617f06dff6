import Referral
import Testing

@testable import Translation

struct PartnerDateTests {
    @Test(arguments: [
        "1950-01-02", "02/01/1950", "2/1/1950", "02-01-1950", "2-1-1950", "02.01.1950", "2 Jan 1950", "02-Jan-1950",
        "2 January 1950", "19500102", "195001021130", "19500102113000", "19500102113000.1234+0100", "19500102+0000",
        "1950010211", "1950-01-02T00:00:00Z", "02/01/1950 11:30", " 1950-01-02 ",
    ]) func `every form that partners write is the same day`(_ text: String) throws {
        #expect(try #require(PartnerDate(text)).date.iso == "1950-01-02")
    }

    @Test(arguments: [
        "", "1/2/50", "02-01-50", "2 Jan 50", "500102", "1950-02-30", "31/04/1950", "1950-13-01", "19501301", "195001",
        "1950010", "195001022530", "Jan 1950", "2 Foo 1950", "1950-01-02T25:00", "1950-01-02Tnow", "19500102+99",
        "a/b/cccc", "Mon Jun 19 00:00:00 CET 2023", "Mon Jun 31 00:00:00 BST 2023", "Mon Jun 19 25:00:00 BST 2023",
    ]) func `two-digit years, half dates and days that do not exist are refused`(_ text: String) {
        #expect(PartnerDate(text) == nil)
    }

    @Test(arguments: [
        ("2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z"), ("2026-11-22T09:30:00+05:30", "2026-11-22T04:00:00Z"),
        ("2026-07-01T14:15:00", "2026-07-01T13:15:00Z"), ("2026-07-01 14:15", "2026-07-01T13:15:00Z"),
        ("01/07/2026 14:15:30", "2026-07-01T13:15:30Z"),
        ("2026-07-01T14:15:00.123456789+01:00[Europe/London]", "2026-07-01T13:15:00.123456Z"),
        ("202607011415", "2026-07-01T13:15:00Z"), ("20260701141500.5-0100", "2026-07-01T15:15:00.5Z"),
        ("Mon Jun 19 18:35:59 BST 2023", "2023-06-19T17:35:59Z"),
        ("Thu Jan 05 08:00:00 GMT 2023", "2023-01-05T08:00:00Z"),
        ("2026-07-01T14:15:00.1234567Z", "2026-07-01T14:15:00.123456Z"),
        ("2026-01-01", "2026-01-01T00:00:00Z"), ("20260701", "2026-06-30T23:00:00Z"),
    ]) func `a time without a zone is taken by the clocks of England`(_ text: String, _ expected: String) throws {
        #expect(try #require(PartnerDate(text)).instant.rfc3339 == expected)
    }
}
