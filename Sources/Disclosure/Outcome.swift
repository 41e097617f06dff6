/// What is decided about a share (disclosure policy, section 2).
package enum Outcome: String, CaseIterable, Sendable, Hashable {
    /// Everything asked may go.
    case permit = "PERMIT"
    /// Fewer groups, or a lower level, may go.
    case permitReduced = "PERMIT_REDUCED"
    /// A named person must decide; nothing goes meanwhile.
    case refer = "REFER"
    /// Nothing goes.
    case deny = "DENY"

    /// Whether something may leave.
    package var releases: Bool { self == .permit || self == .permitReduced }
}

/// What becomes of a queued share when it is judged again just before sending.
package enum QueueAction: String, Sendable, Hashable {
    /// It goes, with what this decision releases.
    case go
    /// It waits for a named person.
    case park
    /// It never goes.
    case cancel
}

/// When a share is judged: both are needed, and the second counts.
package enum Stage: String, Sendable, Hashable {
    /// The share is asked for.
    case request
    /// The share is about to leave, at the first attempt or at a retry.
    case send
}
