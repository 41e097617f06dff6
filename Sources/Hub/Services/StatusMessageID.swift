import CaseStore
import Postgres

/// The id under which a sender is told one outcome: the same on every attempt, another once staff set another outcome.
///
/// As text `status-RECEIPT-INDEX-MICROSECONDS`: the submission, the referral's place in it, and when the outcome was set.
struct StatusMessageID: Hashable, Sendable {
    var submission: UUIDValue
    var ordinal: Int
    var setAt: Timestamp

    fileprivate static let prefix = "status-"

    var text: String { "\(Self.prefix)\(submission)-\(ordinal)-\(setAt.microseconds)" }

    /// Whether this is about `outcome` as it stands.
    func names(_ outcome: ReferralOutcome) -> Bool { self == Self(outcome) }
}

extension StatusMessageID {
    init(_ outcome: ReferralOutcome) {
        (submission, ordinal, setAt) = (outcome.submission, outcome.ordinal, outcome.setAt)
    }

    /// Nil when `text` is no such id.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let rest = text.dropFirst(Self.prefix.count)
        let numbers = rest.dropFirst(36).split(separator: "-", omittingEmptySubsequences: false)
        guard let submission = UUIDValue(String(rest.prefix(36))), numbers.count == 3, numbers[0].isEmpty,
            let ordinal = Int(numbers[1]), let microseconds = Int64(numbers[2])
        else { return nil }
        (self.submission, self.ordinal, setAt) = (submission, ordinal, Timestamp(microseconds: microseconds))
    }
}
