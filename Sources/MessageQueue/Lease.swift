package import Postgres

/// A message in the hands of one holder, for a time.
///
/// The holder may act on the message until the lease runs out. ``fence`` proves it: an outcome reported with a fence
/// that another claim has passed is refused, so a holder that was frozen and thawed cannot undo its successor's work.
package struct Lease: Sendable {
    /// The message.
    package let messageID: MessageID
    /// Its queue.
    package let queue: String
    /// Its order key.
    package let key: String?
    /// Its document, as enqueued.
    package let payload: [UInt8]
    /// What the payload is, as enqueued.
    package let contentType: String?
    /// Which attempt this is, from 1; committed before the holder sees the message.
    package let attempt: Int
    /// Rises with each claim of the message.
    package let fence: Int
    /// When the lease runs out, by the database's clock, unless renewed.
    package let expiresAt: Timestamp
    /// As enqueued.
    package let correlation: UUIDValue?
    /// When the message was enqueued, by the database's clock.
    package let enqueuedAt: Timestamp
    /// As enqueued.
    package let priority: Priority
    /// How many holders before this one vanished in a row, without an outcome.
    package let lost: Int
    /// Where the state row stands: with ``messageID`` replaced by a place, the row's key.
    let place: Place

    /// Whether it was handed out to find out if the queue's circuit may close again; its failure counts as no attempt.
    package internal(set) var isProbe = false

    /// Whether an earlier holder vanished without an outcome.
    package var isSuspect: Bool { lost > 0 }
}

/// The key of a row in `queue.state`.
struct Place: Hashable, Sendable {
    let queue: Int16
    let shelf: Int16
    let position: Int64
    /// The hash of the message's key, under which its order lock goes.
    var keyHash: Int64?
}
