import Referral

/// Reads the dates and times that partners write, and writes those that they expect.
///
/// `1950-01-02`, `02/01/1950`, `2-1-1950`, `2 Jan 1950`, `02-January-1950`, and HL7's `19500102`, `195001021130`,
/// `19500102113000.000+0000`; with a time: `1950-01-02T11:30:00Z`, `02/01/1950 11:30`; Java's `Mon Jun 19 00:00:00 BST 2023`. Day before month, always. Years of two
/// digits are refused, as nobody can tell 1926 from 2026 in a birth date (partner interfaces, section 1).
struct PartnerDate: Hashable {
    /// The day as written, whatever the zone.
    var date: CalendarDate
    /// Seconds since midnight; nil without a time.
    var second: Int?
    /// Microseconds beyond the second.
    var fraction = 0
    /// Minutes east of UTC; nil when no zone is written.
    var offset: Int?

    /// The form in which a partner wants a date or a time.
    enum Form: String, CaseIterable, Sendable {
        /// `1950-01-02`, `2026-11-22T09:30:00Z`.
        case iso
        /// `02/01/1950`, `22/11/2026 09:30` by the clocks of England.
        case uk
        /// `19500102`, `20261122093000+0000` (HL7 v2.4, data type TS).
        case hl7
        /// `2 January 1950`, `22 November 2026 at 09:30` by the clocks of England: for people.
        case words
    }

    /// Nil when the text is no date, or a date that the calendar does not have.
    init?(_ text: String) {
        var text = text.trimmed
        if text.hasSuffix("]"), let zone = text.firstIndex(of: "[") {  // `…+01:00[Europe/London]`, java.time's form
            text = String(text[..<zone])
        }
        if let java = PartnerDate(java: text) {
            self = java
            return
        }
        let digits = text.prefix(while: \.isASCIIDigit)
        if digits.count >= 8 {
            self.init(hl7: text, digits: String(digits))
            return
        }
        let parts = Self.split(text)
        guard let date = Self.date(parts.day) else { return nil }
        self.init(date: date)
        if let time = parts.time, !readTime(time) { return nil }
    }

    private init(date: CalendarDate) { self.date = date }

    /// The moment; a time without a zone is taken by the clocks of England, a date without a time as its midnight.
    var instant: Instant {
        let instant =
            if let offset {
                Instant(seconds: date.daysSince1970 * 86_400 + (second ?? 0) - offset * 60)
            } else {
                LondonTime.instant(date, second: second ?? 0)
            }
        return Instant(microseconds: instant.microseconds + Int64(fraction))
    }

    /// The day in a form.
    static func text(_ date: CalendarDate, _ form: Form) -> String {
        let (year, month, day) = (String(date.iso.prefix(4)), two(date.month), two(date.day))
        return switch form {
        case .iso: date.iso
        case .uk: "\(day)/\(month)/\(year)"
        case .hl7: year + month + day
        case .words: "\(date.day) \(months[date.month - 1]) \(date.iso.prefix(4))"
        }
    }

    /// The moment in a form.
    static func text(_ instant: Instant, _ form: Form) -> String {
        func clock(_ second: Int) -> [String] { [second / 3600, second / 60 % 60, second % 60].map(two) }
        switch form {
        case .iso: return instant.rfc3339
        case .uk:
            let shown = LondonTime.clock(instant)
            return "\(text(shown.date, .uk)) \(clock(shown.second)[0...1].joined(separator: ":"))"
        case .words:
            let shown = LondonTime.clock(instant)
            return "\(text(shown.date, .words)) at \(clock(shown.second)[0...1].joined(separator: ":"))"
        case .hl7: return text(instant.date, .hl7) + clock(instant.secondOfDay).joined() + "+0000"
        }
    }

    /// The text that `java.util.Date` writes by the clocks of England, and that stands in events of HMPPS.
    private init?(java text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].count == 3, let offset = ["GMT": 0, "UTC": 0, "BST": 60][parts[4]],
            let date = Self.date("\(parts[2]) \(parts[1]) \(parts[5])")
        else { return nil }
        self.init(date: date)
        guard readTime(String(parts[3])) else { return nil }
        self.offset = offset
    }

    // HL7 v2.4 section 2.9.47: YYYYMMDD[HHMM[SS[.S[S[S[S]]]]]][+/-ZZZZ].
    private init?(hl7 text: String, digits: String) {
        guard [8, 10, 12, 14].contains(digits.count), let year = Int(digits.prefix(4)),
            let month = Int(digits.dropFirst(4).prefix(2)), let day = Int(digits.dropFirst(6).prefix(2)),
            let date = CalendarDate(year: year, month: month, day: day)
        else { return nil }
        self.init(date: date)
        var rest = text.dropFirst(digits.count)
        if digits.count > 8 {
            let pairs =
                stride(from: 8, to: digits.count, by: 2).compactMap { Int(digits.dropFirst($0).prefix(2)) } + [0, 0]
            guard pairs[0] < 24, pairs[1] < 60, pairs[2] < 61 else { return nil }
            second = pairs[0] * 3600 + pairs[1] * 60 + pairs[2]
            guard readFraction(&rest) else { return nil }
        }
        guard readOffset(rest) else { return nil }
    }

    /// Day and time, at `T` or at the space before a colon.
    private static func split(_ text: String) -> (day: String, time: String?) {
        guard let colon = text.firstIndex(of: ":"),
            let gap = text[..<colon].lastIndex(where: { $0 == "T" || $0 == "t" || $0 == " " })
        else { return (text, nil) }
        return (String(text[..<gap]), String(text[text.index(after: gap)...]))
    }

    private static func date(_ text: String) -> CalendarDate? {
        let parts = text.split { "/-. ".contains($0) }.map(String.init)
        guard parts.count == 3 else { return nil }
        let yearFirst = parts[0].count == 4
        let (yearText, dayText) = yearFirst ? (parts[0], parts[2]) : (parts[2], parts[0])
        guard yearText.count == 4, dayText.count <= 2, let year = number(yearText), let day = number(dayText) else {
            return nil
        }
        guard let month = parts[1].count <= 2 ? number(parts[1]) : month(parts[1]) else { return nil }
        return CalendarDate(year: year, month: month, day: day)
    }

    private static func number(_ text: String) -> Int? { text.allSatisfy(\.isASCIIDigit) ? Int(text) : nil }

    private static func month(_ name: String) -> Int? {
        let name = name.lowercased()
        if name == "sept" { return 9 }
        return months.map { $0.lowercased() }.firstIndex { $0 == name || $0.prefix(3) == name }.map { $0 + 1 }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    private mutating func readTime(_ text: String) -> Bool {
        let clock = text.prefix { $0.isASCIIDigit || $0 == ":" }
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { Self.number(String($0)) ?? 99 }
        guard (2...3).contains(parts.count), parts[0] < 24, parts[1] < 60, parts.count == 2 || parts[2] < 61 else {
            return false
        }
        second = parts[0] * 3600 + parts[1] * 60 + (parts.count == 3 ? parts[2] : 0)
        var rest = text[clock.endIndex...]
        return readFraction(&rest) && readOffset(rest)
    }

    private mutating func readFraction(_ rest: inout Substring) -> Bool {
        guard rest.first == "." else { return true }
        let digits = rest.dropFirst().prefix(while: \.isASCIIDigit)
        rest = rest[digits.endIndex...]
        fraction = Int((digits + "000000").prefix(6)) ?? 0
        return !digits.isEmpty
    }

    /// `Z`, `+01:00`, `+0100`, or nothing.
    private mutating func readOffset(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        if text == "Z" || text == "z" {
            offset = 0
            return true
        }
        let digits = text.dropFirst().filter { $0 != ":" }
        guard let sign = text.first, "+-".contains(sign), digits.count == 4, digits.allSatisfy(\.isASCIIDigit),
            let hours = Int(digits.prefix(2)), hours < 24, let minutes = Int(digits.suffix(2)), minutes < 60
        else { return false }
        offset = (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
        return true
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
}
