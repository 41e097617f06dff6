/// The time on the clocks of England, which is what a time without a zone means in every partner's document.
///
/// Summer time runs from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October: the Summer Time
/// Order 2002 (https://www.legislation.gov.uk/uksi/2002/262/made). Earlier years are reckoned by the same rule.
package enum LondonTime {
    /// The moment at which the clocks show a day and a time in seconds of the day.
    ///
    /// The hour that is skipped in March is read as if the clocks had not changed; of the hour that comes twice in October
    /// the first is meant.
    package static func instant(_ date: CalendarDate, second: Int) -> Instant {
        let summer = Instant(seconds: date.daysSince1970 * 86_400 + second - 3600)
        return isSummer(summer) ? summer : Instant(seconds: date.daysSince1970 * 86_400 + second)
    }

    /// The day and the second of the day that the clocks show at a moment.
    package static func clock(_ instant: Instant) -> (date: CalendarDate, second: Int) {
        let shown = Instant(microseconds: instant.microseconds + (isSummer(instant) ? 3_600_000_000 : 0))
        return (shown.date, shown.secondOfDay)
    }

    /// Whether summer time is in force.
    package static func isSummer(_ instant: Instant) -> Bool {
        let year = instant.date.year
        return instant >= change(in: 3, of: year) && instant < change(in: 10, of: year)
    }

    /// 01:00 UTC on the last Sunday of a month of 31 days.
    private static func change(in month: Int, of year: Int) -> Instant {
        guard let last = CalendarDate(year: year, month: month, day: 31) else { return Instant(microseconds: 0) }
        // 1970-01-01 was a Thursday: day 3 the first Sunday.
        let sinceSunday = ((last.daysSince1970 - 3) % 7 + 7) % 7
        return Instant(seconds: (last.daysSince1970 - sinceSunday) * 86_400 + 3600)
    }
}

extension Instant {
    /// A moment in whole seconds since 1970-01-01 UTC.
    package init(seconds: Int) { self.init(microseconds: Int64(seconds) * 1_000_000) }

    /// Seconds since the UTC day began.
    package var secondOfDay: Int { Int(microseconds / 1_000_000) - date.daysSince1970 * 86_400 }
}
