package import Postgres

/// How far a replay has come; the same closed list is the SQL type `record.replay_state`.
///
///     waiting ──▶ running ──▶ done
///        │           ├─────▶ failed
///        └───────────┴─────▶ cancelled
package enum ReplayState: String, CaseIterable, Sendable, SQLScalar {
    /// Nothing has been done yet, and it can be undone.
    case waiting
    /// A part of it is back in its queue.
    case running
    case done
    /// Somebody undid it while it waited, or stopped it on the way.
    case cancelled
    /// What went wrong went wrong again and again.
    case failed
}

/// Dead letters that somebody wants tried again: one, or all of a queue that had died of the same cause by then.
package struct Replay: Sendable, Hashable {
    package var id: UUIDValue
    package var queue: String
    /// The cause by which they are grouped.
    package var fingerprint: Int64
    /// The code of that cause.
    package var cause: String
    /// The one letter; nil where it is the group.
    package var message: Int64?
    package var state: ReplayState
    package var askedAt: Timestamp
    package var beginsAt: Timestamp
    package var endedAt: Timestamp?
    /// As the ledger knows them.
    package var askedBy: String
    package var cancelledBy: String?
    /// How many there were when it was asked for.
    package var wanted: Int
    /// How many are back in their queue.
    package var replayed: Int
}
