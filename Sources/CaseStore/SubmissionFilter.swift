package import Postgres
package import Referral

/// Which submissions a list is of. What is left out does not matter; what is said must all be so.
package struct SubmissionFilter: Sendable, Hashable {
    package var sender: String?
    package var channel: String?
    package var state: SubmissionState?
    /// Somewhere among its findings.
    package var finding: FindingCode?
    package var hasOpenWork = false
    /// Received at that moment or later.
    package var since: Timestamp?
    /// Received before that moment.
    package var until: Timestamp?

    package init() {}

    /// Those of ``state`` that have marks of their own (migration 32 of the record schema): the others are of most
    /// submissions, or of a moment.
    static let markedStates: Set<SubmissionState> = [.quarantined, .held, .incomplete, .rejected]
}

/// One submission as a list shows it: ids, states, times and code words.
package struct ListedSubmission: Sendable, Hashable {
    package var receipt: UUIDValue
    package var receivedAt: Timestamp
    package var finishedAt: Timestamp?
    package var sender: String
    package var channel: String
    package var format: String
    package var state: SubmissionState
    package var findings: [FindingCode]
    /// Of a file of very many no more than ``mostReferrals``, the first of them.
    package var referrals: [UUIDValue]
    package var hasMoreReferrals: Bool
    package var hasOpenWork: Bool

    package static let mostReferrals = 20
}

/// A part of a list, the newest first.
package struct SubmissionPage: Sendable, Hashable {
    package var rows: [ListedSubmission]
    /// From where the list goes on, away from where it began; nil when all of it has been seen. It is the last of `rows`, or
    /// what was looked at last when so many were looked at that the page was not filled.
    package var next: UUIDValue?
}

/// From where a part of a list is read, and in which direction.
package enum ListEdge: Sendable, Hashable {
    case newest
    case olderThan(UUIDValue)
    case newerThan(UUIDValue)
}
