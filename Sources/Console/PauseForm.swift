package import Referral

/// What the form for a pause brought, and what is wrong with it.
package struct PauseForm: Sendable {
    /// When a pause ends.
    package enum End: String, CaseIterable, Sendable {
        case halfHour = "30min"
        case hour = "1h"
        case fourHours = "4h"
        case morning
        case byHand = "hand"

        static let usual = End.hour

        var words: String {
            switch self {
            case .halfHour: "In 30 minutes"
            case .hour: "In 1 hour"
            case .fourHours: "In 4 hours"
            case .morning: "Tomorrow at 08:00"
            case .byHand: "When somebody resumes it"
            }
        }

        /// How long that is from a moment on; nil where somebody has to end it.
        package func time(from now: Instant) -> Duration? {
            switch self {
            case .halfHour: return .seconds(1_800)
            case .hour: return .seconds(3_600)
            case .fourHours: return .seconds(14_400)
            case .byHand: return nil
            case .morning:
                let today = LondonTime.clock(now).date
                guard let tomorrow = CalendarDate(daysSince1970: today.daysSince1970 + 1) else { return nil }
                let morning = LondonTime.instant(tomorrow, second: 8 * 3_600)
                return .microseconds(morning.microseconds - now.microseconds)
            }
        }
    }

    struct Mistake: Equatable {
        var field: String
        var text: String
    }

    static let longestReason = 500

    /// On one line.
    package let reason: String
    /// Nil where none of them was chosen.
    package let end: End?

    /// As it is when nobody has filled it in.
    package init() {
        reason = ""
        end = .usual
    }

    package init(_ fields: [String: String]) {
        reason = (fields["reason"] ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        end = fields["end"].flatMap(End.init)
    }

    /// In the order of the form.
    var mistakes: [Mistake] {
        var mistakes: [Mistake] = []
        if reason.isEmpty {
            mistakes.append(Mistake(field: "reason", text: "Say why it is paused"))
        } else if reason.count > Self.longestReason {
            mistakes.append(
                Mistake(field: "reason", text: "The reason must be \(Self.longestReason) characters or fewer"))
        } else if reason.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            mistakes.append(Mistake(field: "reason", text: "The reason must be plain text"))
        }
        if end == nil { mistakes.append(Mistake(field: "end", text: "Choose when it goes on")) }
        return mistakes
    }

    package var isRight: Bool { mistakes.isEmpty }
}
