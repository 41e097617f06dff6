import Glibc

/// An instant to the microsecond, as PostgreSQL's `timestamptz` holds it.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01 00:00 UTC, leap seconds not counted.
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(seconds: Int64) {
        microseconds = seconds * 1_000_000
    }

    /// The system's clock.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// PostgreSQL's `infinity`.
    package static let distantFuture = Timestamp(microseconds: .max)

    /// PostgreSQL's `-infinity`.
    package static let distantPast = Timestamp(microseconds: .min)

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// Later by a duration, saturating at the distant future and past.
    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        let (seconds, attoseconds) = right.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, sumOverflow) = left.microseconds.addingReportingOverflow(whole)
        let (total, lastOverflow) = sum.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        guard !overflow, !sumOverflow, !lastOverflow else { return right < .zero ? .distantPast : .distantFuture }
        return Timestamp(microseconds: total)
    }

    package static func - (left: Timestamp, right: Duration) -> Timestamp { left + (.zero - right) }

    /// How long after `right` this is.
    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds) - .microseconds(right.microseconds)
    }
}

extension Timestamp: LosslessStringConvertible, Codable {
    /// RFC 3339 in UTC with as many digits of fraction as are needed: none, three or six.
    ///
    /// Years beyond 0000–9999, which RFC 3339 cannot say, are written with a sign.
    package var rfc3339: String {
        let (days, time) = microseconds.dividedFlooring(by: 86_400_000_000)
        let (year, month, day) = Calendar.date(daysSince1970: days)
        let (seconds, fraction) = (time / 1_000_000, time % 1_000_000)
        var text = year < 0 ? "-" : year > 9999 ? "+" : ""
        text += padded(abs(year), 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
        text += padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
        if fraction % 1000 != 0 {
            text += "." + padded(fraction, 6)
        } else if fraction != 0 {
            text += "." + padded(fraction / 1000, 3)
        }
        return text + "Z"
    }

    package var description: String { rfc3339 }

    package init?(_ description: String) {
        self.init(rfc3339: description)
    }

    /// Reads RFC 3339: date, `T`, `t` or a space, time, an optional fraction (cut at microseconds), `Z` or an offset.
    ///
    /// A leap second is read as the second after it, as PostgreSQL does.
    package init?(rfc3339 text: String) {
        var scanner = Scanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2), scanner.skip("T", "t", " "),
            let hour = scanner.number(2), scanner.skip(":"), let minute = scanner.number(2), scanner.skip(":"),
            let second = scanner.number(2),
            (1...12).contains(month), (1...Calendar.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if scanner.skip(".") {
            guard let digits = scanner.fraction() else { return nil }
            fraction = digits
        }
        var offset: Int64 = 0
        if !scanner.skip("Z", "z") {
            let sign: Int64 = scanner.skip("+") ? 1 : scanner.skip("-") ? -1 : 0
            guard sign != 0, let hours = scanner.number(2), scanner.skip(":"), let minutes = scanner.number(2),
                hours < 24, minutes < 60
            else { return nil }
            offset = sign * (hours * 60 + minutes)
        }
        guard scanner.isAtEnd else { return nil }
        let days = Calendar.daysSince1970(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3600 + (minute - offset) * 60 + second
        self.init(microseconds: seconds * 1_000_000 + fraction)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Timestamp(rfc3339: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 timestamp")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}

extension Timestamp: SQLScalar {
    /// PostgreSQL counts from 2000-01-01 00:00 UTC.
    private static let epoch: Int64 = 946_684_800_000_000

    package static var sqlType: OID { .timestamptz }
    package static var sqlArrayType: OID { .timestamptzArray }
    package var encodedSize: Int? { 8 }

    package func encode(into buffer: inout [UInt8]) {
        switch self {
        case .distantFuture, .distantPast: buffer.append(bigEndian: microseconds)
        default: buffer.append(bigEndian: max(microseconds, .min + Self.epoch + 1) - Self.epoch)
        }
    }

    /// Instants of the last 28 years of PostgreSQL's range, after 294246, do not fit and are refused.
    package static func decode(_ cell: Cell) throws(PostgresError) -> Timestamp {
        guard cell.type == .timestamptz else { throw cell.unreadable(as: Timestamp.self) }
        let value = try cell.integer(Int64.self, as: Timestamp.self)
        guard value != .max, value != .min else { return Timestamp(microseconds: value) }
        let (microseconds, overflow) = value.addingReportingOverflow(epoch)
        guard !overflow else { throw cell.unreadable(as: Timestamp.self) }
        return Timestamp(microseconds: microseconds)
    }
}

/// The proleptic Gregorian calendar, by Howard Hinnant's `days_from_civil` and `civil_from_days`
/// (https://howardhinnant.github.io/date_algorithms.html): years begin in March, eras have 400 years.
private enum Calendar {
    static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = year.dividedFlooring(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).dividedFlooring(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}

/// Reads digits and separators from the front of ASCII text.
private struct Scanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ characters: Unicode.Scalar...) -> Bool {
        guard let first = rest.first, characters.contains(Unicode.Scalar(first)) else { return false }
        rest.removeFirst()
        return true
    }

    /// Exactly `count` digits.
    mutating func number(_ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else {
            return nil
        }
        rest.removeFirst(count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// One digit or more, as microseconds.
    mutating func fraction() -> Int64? {
        var value: Int64 = 0
        var count = 0
        while let digit = number(1) {
            if count < 6 { value = value * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in 0..<max(0, 6 - count) { value *= 10 }
        return value
    }
}

extension Int64 {
    /// Quotient rounded down and a remainder that is never negative.
    fileprivate func dividedFlooring(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
