package import Referral

/// A day as people type it.
package enum TypedDate {
    /// Day, month and year, in digits with something between them; or year, month and day. Nil for what is no day.
    package static func read(_ text: String) -> CalendarDate? {
        if let date = CalendarDate(iso: text) { return date }
        let parts = text.split { "/.- ".contains($0) }
        guard parts.count == 3, parts[2].count == 4, let day = Int(parts[0]), let month = Int(parts[1]),
            let year = Int(parts[2])
        else { return nil }
        return CalendarDate(year: year, month: month, day: day)
    }
}
