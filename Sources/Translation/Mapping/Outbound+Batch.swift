package import Referral

extension Outbound {
    /// Documents that wait for a time and then leave as one table.
    package struct Batch: Sendable, Hashable {
        /// By the clocks of England.
        private enum Time: Sendable, Hashable {
            /// Each day, in seconds of the day.
            case daily(second: Int)
            /// From the beginning of a day on, as soon as there is something.
            case from(CalendarDate)
        }

        private var time: Time

        /// The most rows of one table; what is more leaves as another.
        package static let mostRows = 1000

        /// Each day at a second of the day.
        package init(second: Int) { time = .daily(second: second) }

        /// From a day on.
        init(from day: CalendarDate) { time = .from(day) }

        /// The moment before which nothing leaves at all; nil where that is every day's.
        package var opens: Instant? {
            if case .from(let day) = time { LondonTime.instant(day, second: 0) } else { nil }
        }

        /// Reads a time of day such as `02:00`; nil for anything else.
        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(\.isASCIIDigit) }),
                let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
            else { return nil }
            time = .daily(second: (hour * 60 + minute) * 60)
        }

        /// The next time after a moment; the moment itself where the day has come.
        package func next(after moment: Instant) -> Instant {
            guard case .daily(let second) = time else { return max(moment, opens ?? moment) }
            let today = LondonTime.clock(moment).date
            let next = LondonTime.instant(today, second: second)
            guard next <= moment else { return next }
            return LondonTime.instant(Instant(seconds: (today.daysSince1970 + 1) * 86_400).date, second: second)
        }
    }

    /// One table of several, each of which is what ``Renderer`` made of a release: the headings once, then all rows.
    package func joined(_ tables: [[UInt8]]) -> [UInt8] {
        guard case .table(let headings, _) = shape.content else {
            preconditionFailure("a batch is of tables: the reader of definitions sees to it")
        }
        let header = CSVWriter.write(header: headings, rows: [])
        return header + tables.flatMap { $0.dropFirst(header.count) }
    }

    /// The name of such a table, which has an id of its own.
    package func fileName(ofBatch id: String, from sender: String, at moment: Instant) -> String {
        Rendered.fileName(
            sender: sender, purpose: purpose, created: moment, id: id, extension: format.fileExtension)
    }
}
