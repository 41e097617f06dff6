package import Postgres

/// The id under which a sender is told one outcome: the same on every attempt, another once staff set another outcome.
///
/// As text `status-RECEIPT-INDEX-MICROSECONDS`: the submission, the referral's place in it, and when the outcome was
/// set.
package struct StatusMessageID: Hashable, Sendable {
    package var submission: UUIDValue
    package var ordinal: Int
    package var setAt: Timestamp

    fileprivate static let prefix = "status-"

    package var text: String { "\(Self.prefix)\(submission)-\(ordinal)-\(setAt.microseconds)" }
}

extension StatusMessageID {
    package init(_ outcome: ReferralOutcome) {
        (submission, ordinal, setAt) = (outcome.submission, outcome.ordinal, outcome.setAt)
    }

    /// Nil when `text` is no such id.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let rest = text.dropFirst(Self.prefix.count)
        let numbers = rest.dropFirst(36).split(separator: "-", omittingEmptySubsequences: false)
        guard let submission = UUIDValue(String(rest.prefix(36))), numbers.count == 3, numbers[0].isEmpty,
            let ordinal = Int(numbers[1]), let microseconds = Int64(numbers[2])
        else { return nil }
        (self.submission, self.ordinal, setAt) = (submission, ordinal, Timestamp(microseconds: microseconds))
    }
}
