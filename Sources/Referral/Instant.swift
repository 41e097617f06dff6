/// A moment in time, in microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
package struct Instant: Sendable, Hashable, Comparable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// Reads RFC 3339: date, `T` (or `t`, or a space), time, an optional fraction of 1 to 9 digits, and the offset, which is
    /// required. Digits past the sixth are cut off. Second 60 is taken as the first of the next minute.
    package init?(rfc3339 text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), let date = CalendarDate(year: year, month: month, day: day),
            reader.take("T", "t", " "),
            let hour = reader.number(2), hour <= 23, reader.take(":"), let minute = reader.number(2), minute <= 59,
            reader.take(":"), let second = reader.number(2), second <= 60,
            let fraction = Self.fraction(&reader), let offset = Self.offset(&reader), reader.isAtEnd
        else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3600 + (minute - offset) * 60 + second
        // An offset can lead out of the calendar.
        guard (-62_135_596_800...253_402_300_799).contains(seconds) else { return nil }
        microseconds = Int64(seconds) * 1_000_000 + fraction
    }

    /// The start of a day in UTC.
    package init(startOf date: CalendarDate) {
        microseconds = Int64(date.daysSince1970) * 86_400_000_000
    }

    /// The day in UTC; the first or last day of the calendar for moments beyond it.
    package var date: CalendarDate {
        let days = Int((microseconds / 86_400_000_000) - (microseconds % 86_400_000_000 < 0 ? 1 : 0))
        return CalendarDate(daysSince1970: min(max(days, -719_162), 2_932_896))!
    }

    /// RFC 3339 in UTC with as many digits of the fraction as are needed, such as `2026-11-22T09:30:00Z`.
    package var rfc3339: String {
        let inDay = microseconds - Int64(date.daysSince1970) * 86_400_000_000
        let seconds = Int(inDay / 1_000_000)
        var text = "\(date.iso)T\((seconds / 3600).padded(to: 2)):\((seconds / 60 % 60).padded(to: 2))"
        text += ":\((seconds % 60).padded(to: 2))"
        var fraction = Int(inDay % 1_000_000).padded(to: 6)
        while fraction.last == "0" { fraction.removeLast() }
        return text + (fraction.isEmpty ? "Z" : ".\(fraction)Z")
    }

    package static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    /// Microseconds; 0 without a fraction, nil when a point is followed by no digit or by more than nine.
    private static func fraction(_ reader: inout DigitReader) -> Int64? {
        guard reader.take(".") else { return 0 }
        let digits = reader.digits()
        guard (1...9).contains(digits.count) else { return nil }
        let six = (digits + [0, 0, 0, 0, 0]).prefix(6)
        return six.reduce(0) { $0 * 10 + Int64($1) }
    }

    /// Minutes east of UTC; nil when there is no offset.
    private static func offset(_ reader: inout DigitReader) -> Int? {
        if reader.take("Z", "z") { return 0 }
        let sign: Int
        if reader.take("+") { sign = 1 } else if reader.take("-") { sign = -1 } else { return nil }
        guard let hours = reader.number(2), hours <= 23, reader.take(":"), let minutes = reader.number(2), minutes <= 59
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
