import Referral

/// How a workbook shows the numbers in its cells: which are dates, and in which calendar (ECMA-376, part 1, sections 18.8.30 and
/// 18.17.4.1).
struct XLSXStyles {
    private let is1904: Bool
    /// For each style of a cell, whether its number is a date or a time.
    private let areDates: [Bool]

    /// - Parameter sheet: `xl/styles.xml`; without one no number is a date.
    init(_ sheet: XMLNode?, is1904: Bool = false) {
        self.is1904 = is1904
        var own: [Int: Bool] = [:]
        for format in sheet?.child(named: "numFmts")?.children(named: "numFmt") ?? [] {
            guard let id = format.attribute("numFmtId").flatMap(Int.init) else { continue }
            own[id] = Self.showsDate(format.attribute("formatCode") ?? "")
        }
        areDates =
            sheet?.child(named: "cellXfs")?.children(named: "xf").map { style in
                let id = style.attribute("numFmtId").flatMap(Int.init) ?? 0
                return own[id] ?? Self.builtIn.contains(id)
            } ?? []
    }

    /// The formats of dates and times that every spreadsheet has, those of East Asia among them.
    private static let builtIn = Set(14...22).union(27...36).union(45...47).union(50...58)

    /// Whether a format has a letter of days, months, years, hours or seconds outside quoted texts and brackets.
    private static func showsDate(_ code: String) -> Bool {
        var rest = code.lowercased()[...]
        while let character = rest.popFirst() {
            switch character {
            case "\"": rest = rest.drop { $0 != "\"" }.dropFirst()
            case "[":
                // `[h]` counts hours; any other bracket is a colour, a condition or a language.
                if rest.hasPrefix("h") || rest.hasPrefix("m]") || rest.hasPrefix("s]") { return true }
                rest = rest.drop { $0 != "]" }.dropFirst()
            case "\\", "_", "*": rest = rest.dropFirst()
            case "d", "m", "y", "h", "s": return true
            default: continue
            }
        }
        return false
    }

    /// A number as people see it: a date as `yyyy-mm-dd`, with the time where it has one; a whole number in digits.
    ///
    /// A number that is no day, such as 60, which stands for a 29 February 1900 that never was, stays as it is and fails as a date.
    func text(of number: String, style: Int) -> String {
        guard let value = Double(number), value.isFinite else { return number }
        if areDates.indices.contains(style), areDates[style], let text = date(value) { return text }
        guard number.contains("E") || number.contains("e"), value == value.rounded(), abs(value) < 1e15 else {
            return number
        }
        return String(Int64(value))
    }

    private func date(_ serial: Double) -> String? {
        guard serial >= 0, serial < 2_958_466 else { return nil }
        // Seconds are rounded: a spreadsheet's half past nine is 0.395833333333333.
        let seconds = Int((serial * 86_400).rounded())
        let (day, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let clock = [second / 3600, second / 60 % 60, second % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
            .joined(separator: ":")
        if day == 0, !is1904 { return clock }
        guard let start = epoch(day), let date = CalendarDate(daysSince1970: start + day) else { return nil }
        return second == 0 ? date.iso : "\(date.iso) \(clock)"
    }

    /// The day that the count of days starts from, in days since 1970-01-01; nil for the day that does not exist.
    private func epoch(_ day: Int) -> Int? {
        if is1904 { return -24_107 }
        if day == 60 { return nil }
        return day < 60 ? -25_568 : -25_569
    }
}
