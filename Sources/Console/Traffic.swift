package import Referral

/// How much came, went out and failed over a time, in equal parts.
package struct Traffic: Sendable {
    /// How far back it reaches.
    package enum Period: String, CaseIterable, Sendable {
        case fiveMinutes = "5min"
        case hour = "1h"
        case day = "24h"
        case week = "7d"

        var label: String {
            switch self {
            case .fiveMinutes: "5 minutes"
            case .hour: "1 hour"
            case .day: "24 hours"
            case .week: "7 days"
            }
        }
        /// Seconds of one part; times are multiples of it since 1970.
        package var step: Int {
            switch self {
            case .fiveMinutes: 10
            case .hour: 60
            case .day: 900
            case .week: 7_200
            }
        }
        /// One part, as people say it.
        var part: String {
            switch self {
            case .fiveMinutes: "10 seconds"
            case .hour: "minute"
            case .day: "15 minutes"
            case .week: "2 hours"
            }
        }
        package var length: Duration {
            switch self {
            case .fiveMinutes: .seconds(300)
            case .hour: .seconds(3_600)
            case .day: .seconds(86_400)
            case .week: .seconds(7 * 86_400)
            }
        }
    }

    package enum Series: CaseIterable, Sendable {
        /// Submissions that were received.
        case came
        /// Documents that partners have taken.
        case told
        /// Attempts that failed, whatever became of their messages afterwards.
        case failed
    }

    /// One part of the period.
    struct Part: Sendable {
        var beganAt: Instant
        var counts: [Series: Int] = [:]

        func count(_ series: Series) -> Int { counts[series] ?? 0 }
    }

    let period: Period
    /// The oldest first, without gap; the last is not over yet.
    let parts: [Part]

    /// - Parameter counts: Of times in the period; others are left out.
    package init(_ period: Period, at now: Instant, counts: [(at: Instant, series: Series, count: Int)]) {
        self.period = period
        let step = Int64(period.step) * 1_000_000
        let last = now.microseconds / step
        let first = last - period.length.components.seconds / Int64(period.step) + 1
        var parts = (first...last).map { Part(beganAt: Instant(microseconds: $0 * step)) }
        for (at, series, count) in counts {
            let index = Int(at.microseconds / step - first)
            if parts.indices.contains(index) { parts[index].counts[series, default: 0] += count }
        }
        self.parts = parts
    }

    func total(_ series: Series) -> Int { parts.reduce(0) { $0 + $1.count(series) } }
}

extension Traffic {
    /// The parts as a drawing, in units of its view box.
    struct Drawing {
        static let (width, height) = (720.0, 180.0)
        private static let (left, top, right, bottom) = (52.0, 10.0, 8.0, 26.0)

        /// What the highest line stands for.
        let ceiling: Int
        /// The points of each line, as an SVG `polyline` takes them.
        let lines: [Series: String]
        init(_ traffic: Traffic) {
            let most = traffic.parts.flatMap { part in Series.allCases.map(part.count) }.max() ?? 0
            let ceiling = Self.ceiling(over: most)
            self.ceiling = ceiling
            let (wide, high) = (Self.width - Self.left - Self.right, Self.height - Self.top - Self.bottom)
            let gap = wide / Double(max(1, traffic.parts.count - 1))
            lines = Dictionary(
                uniqueKeysWithValues: Series.allCases.map { series in
                    let points = traffic.parts.enumerated().map { index, part in
                        let y = Self.top + high * (1 - Double(part.count(series)) / Double(ceiling))
                        return "\(Self.text(Self.left + gap * Double(index))),\(Self.text(y))"
                    }
                    return (series, points.joined(separator: " "))
                })
        }

        /// The least of 1, 2 and 5 times a power of ten that is not less.
        static func ceiling(over count: Int) -> Int {
            var power = 1
            while power <= Int.max / 10 {
                for factor in [1, 2, 5] where factor * power >= count { return factor * power }
                power *= 10
            }
            return count
        }

        private static func text(_ value: Double) -> String {
            let tenths = Int((value * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
        }
    }

    /// What the page shows, as the templates `chart` and `rows` take it.
    func view(at now: Instant) -> [String: Any] {
        let drawing = Drawing(self)
        return [
            "part": period.part, "over": period.label, "ceiling": drawing.ceiling.grouped,
            "came": total(.came).grouped, "told": total(.told).grouped, "failed": total(.failed).grouped,
            "cameLine": drawing.lines[.came] ?? "", "toldLine": drawing.lines[.told] ?? "",
            "failedLine": drawing.lines[.failed] ?? "",
            "from": String(Moment(parts[0].beganAt, now: now).short.dropLast(3)),
            "to": String(Moment(now, now: now).clock.dropLast(3)),
            "rows": parts.reversed().map { part -> [String: Any] in
                [
                    "at": Moment(part.beganAt, now: now).view, "came": part.count(.came).grouped,
                    "told": part.count(.told).grouped, "failed": part.count(.failed).grouped,
                ]
            },
            "periods": Period.allCases.map { other -> [String: Any] in
                [
                    "label": other.label, "path": "\(Console.path)?over=\(other.rawValue)", "isHere": other == period,
                ]
            },
        ]
    }
}
