/// A day, or a moment where the source knows it.
package enum DateOrInstant: Sendable, Hashable {
    case date(CalendarDate)
    case instant(Instant)

    /// Reads RFC 3339: a full date, or a date and time with offset.
    package init?(_ text: String) {
        if let date = CalendarDate(iso: text) {
            self = .date(date)
        } else if let instant = Instant(rfc3339: text) {
            self = .instant(instant)
        } else {
            return nil
        }
    }

    /// The text in RFC 3339, moments in UTC.
    package var text: String {
        switch self {
        case .date(let date): date.iso
        case .instant(let instant): instant.rfc3339
        }
    }
}
