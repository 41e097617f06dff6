/// UTC calendar arithmetic without a calendar library: the proleptic Gregorian calendar, as RFC 3339 uses it.
package enum CivilTime {
    /// Days from 1970-01-01 to a date.
    package static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        // Years begin in March, so that the leap day is a year's last. (Hinnant, "chrono-compatible low-level date
        // algorithms", days_from_civil.)
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468
    }

    /// Year, month and day of a number of days since 1970-01-01.
    package static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let z = days + 719468
        let era = (z >= 0 ? z : z - 146096) / 146097
        let dayOfEra = z - era * 146097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let mp = (5 * dayOfYear + 2) / 153
        let month = mp < 10 ? mp + 3 : mp - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * mp + 2) / 5 + 1)
    }

    /// The digits of an instant: `yyyyMMddHHmmss` in UTC. The first twelve are MESH's time stamp.
    package static func digits(_ seconds: Int64) -> String {
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let rest = seconds - days * 86400
        let (year, month, day) = date(days: days)
        return pad(year, 4) + pad(month, 2) + pad(day, 2) + pad(rest / 3600, 2) + pad(rest / 60 % 60, 2)
            + pad(rest % 60, 2)
    }

    /// RFC 3339 in UTC, to the second: `2026-11-22T09:30:00Z`.
    package static func rfc3339(_ seconds: Int64) -> String {
        let all = Array(digits(seconds))
        func part(_ range: Range<Int>) -> String { String(all[range]) }
        return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z"
    }

    /// A date of e-mail in UTC (RFC 5322, 3.3): `Sat, 28 Nov 2026 22:30:05 +0000`.
    package static func rfc5322(_ seconds: Int64) -> String {
        let digits = digits(seconds)
        func part(_ from: Int, _ count: Int) -> Substring { digits.dropFirst(from).prefix(count) }
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = days[Int(seconds / 86_400 % 7)]
        let month = months[(Int(part(4, 2)) ?? 1) - 1]
        return "\(day), \(part(6, 2)) \(month) \(part(0, 4)) \(part(8, 2)):\(part(10, 2)):\(part(12, 2)) +0000"
    }

    private static func pad(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
