import Referral

/// A time as a page shows it: by London's clocks, with UTC to hover over.
struct Moment {
    let view: [String: Any]
    /// Its time of day.
    let clock: String
    /// With its date, where that is not the page's.
    let short: String

    /// - Parameter now: Of the page: a time of the same day is shown without its date.
    init(_ instant: Instant, now: Instant) {
        let (date, second) = LondonTime.clock(instant)
        clock = Self.clock(second)
        let utc = "\(instant.date.iso)T\(Self.clock(instant.secondOfDay))Z"
        short = date == LondonTime.clock(now).date ? clock : "\(Self.day(date)) \(clock)"
        view = [
            "short": short, "minute": String(short.dropLast(3)),
            "utc": utc, "hover": "\(utc.prefix(19).replacing("T", with: " ")) UTC",
        ]
    }

    private static func clock(_ second: Int) -> String {
        [second / 3_600, second / 60 % 60, second % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    /// `2 January 1950`.
    static func day(_ date: CalendarDate) -> String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November",
            "December",
        ]
        return "\(date.day) \(months[date.month - 1]) \(date.year)"
    }
}

extension Duration {
    /// In the largest unit that fits, as people say it: `40 s`, `12 min`, `3 h`, `2 days`.
    var spoken: String {
        let seconds = max(0, components.seconds)
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3_600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}

extension Duration {
    /// As ``spoken``, with milliseconds where it is short: for how long something took.
    var measured: String {
        let milliseconds = Int((self / .milliseconds(1)).rounded())
        switch milliseconds {
        case ..<1_000: return "\(max(0, milliseconds)) ms"
        case ..<10_000:
            let tenths = (milliseconds + 50) / 100
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        default: return spoken
        }
    }
}

extension Double {
    /// So many in a minute, as precisely as anybody wants to know it.
    var rate: String {
        if self >= 9.95 { return Int(rounded()).grouped }
        let tenths = Int((self * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

extension Int {
    /// With a comma between each three digits.
    var grouped: String {
        let digits = Array(String(magnitude))
        let head = digits.count % 3
        var groups = head > 0 ? [String(digits[..<head])] : []
        for start in stride(from: head, to: digits.count, by: 3) { groups.append(String(digits[start..<start + 3])) }
        return (self < 0 ? "−" : "") + groups.joined(separator: ",")
    }
}
