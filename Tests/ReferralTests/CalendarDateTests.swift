import Referral
import Testing

@Suite struct CalendarDateTests {
    @Test(arguments: ["1947-05-03", "2000-02-29", "2024-02-29", "0001-01-01", "9999-12-31", "1900-02-28"])
    func `a day that exists is read and written alike`(_ text: String) throws {
        #expect(try #require(CalendarDate(iso: text)).iso == text)
    }

    @Test(arguments: [
        "1900-02-29", "2023-02-29", "2023-04-31", "2023-13-01", "2023-00-10", "2023-01-00", "0000-01-01", "2023-1-1",
        "23-01-01", "2023-01-01T00:00:00Z", "2023/01/01", "01-01-2023", "", "२०२३-०१-०१", "2023-01-0a", "-023-01-01",
    ])
    func `a day that does not exist, or another form, is refused`(_ text: String) {
        #expect(CalendarDate(iso: text) == nil)
    }

    @Test func `days are counted from 1970 in both directions over the whole calendar`() throws {
        #expect(CalendarDate(iso: "1970-01-01")?.daysSince1970 == 0)
        #expect(CalendarDate(iso: "2000-03-01")?.daysSince1970 == 11_017)
        #expect(CalendarDate(iso: "1969-12-31")?.daysSince1970 == -1)
        #expect(CalendarDate(daysSince1970: -719_163) == nil)
        #expect(CalendarDate(daysSince1970: 2_932_897) == nil)
        var previous = try #require(CalendarDate(daysSince1970: -719_162))
        #expect(previous.iso == "0001-01-01")
        for days in stride(from: -719_161, through: 2_932_896, by: 97) {
            let date = try #require(CalendarDate(daysSince1970: days))
            guard date.daysSince1970 == days, previous < date else {
                Issue.record("day \(days) does not hold")
                return
            }
            previous = date
        }
    }

    @Test(arguments: ["1896-02-20", "1900-02-20", "2000-02-20", "2024-12-20"])
    func `days follow each other over the ends of months`(_ start: String) throws {
        let first = try #require(CalendarDate(iso: start)).daysSince1970
        let days = try (first..<first + 800).map { try #require(CalendarDate(daysSince1970: $0)) }
        for (day, next) in zip(days, days.dropFirst()) {
            let isNext =
                next.day == day.day + 1 && next.month == day.month
                || next.day == 1 && day.day == CalendarDate.days(inMonth: day.month, year: day.year)
                    && next.month == day.month % 12 + 1
            #expect(isNext)
        }
    }

    @Test(arguments: [
        ("1947-05-03", "2026-05-02", 78), ("1947-05-03", "2026-05-03", 79), ("2004-02-29", "2026-02-28", 21),
        ("2004-02-29", "2026-03-01", 22), ("2004-02-29", "2028-02-29", 24), ("2026-05-03", "2026-05-02", 0),
    ])
    func `age is in full years`(_ birth: String, _ day: String, _ age: Int) throws {
        #expect(try #require(CalendarDate(iso: birth)).age(on: #require(CalendarDate(iso: day))) == age)
    }
}
