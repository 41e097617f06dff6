import NIOHTTP1

/// When the other side wants to be asked again: `Retry-After` of RFC 9110, section 10.2.3, in both of its forms.
enum RetryAfter {
    /// A date is read against the answer's own `Date`, so that no clock of ours has a part in it.
    ///
    /// At most a day: a longer wish is a partner's mistake more often than its will.
    static func duration(_ headers: HTTPHeaders) -> Duration? {
        guard let wish = headers.first(name: "Retry-After") else { return nil }
        let day: Int64 = 86400
        if let seconds = Int64(wish), seconds >= 0 { return .seconds(min(seconds, day)) }
        guard let date = instant(wish), let now = headers.first(name: "Date").flatMap(instant) else { return nil }
        return .seconds(min(max(date - now, 0), day))
    }

    /// Seconds since 1970 of an `IMF-fixdate` such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func instant(_ text: String) -> Int64? {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == ":" })
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 8, parts[7] == "GMT", let day = Int64(parts[1]), let year = Int64(parts[3]),
            let month = months.firstIndex(of: String(parts[2])), let hour = Int64(parts[4]),
            let minute = Int64(parts[5]), let second = Int64(parts[6]), (1...31).contains(day),
            (1970...9999).contains(year), (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        return CivilTime.days(year: year, month: Int64(month) + 1, day: day) * 86400 + hour * 3600 + minute * 60
            + second
    }
}
