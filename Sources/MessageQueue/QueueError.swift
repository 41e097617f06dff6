/// A call to the queue that cannot be carried out as it stands; calling again changes nothing.
///
/// What the database refuses or loses arrives as `PostgresError` instead.
package enum QueueError: Error, Equatable, CustomStringConvertible {
    /// A queue's name outside its form.
    case queueName(String)
    /// A key of no bytes or more than 200.
    case keyLength(bytes: Int)
    /// PostgreSQL text cannot hold U+0000.
    case keyHoldsZeroByte
    /// A payload of more than ``NewMessage/maximumPayloadBytes``.
    case payloadTooLarge(bytes: Int)
    /// The queue has never been used or declared.
    case unknownQueue(String)
    /// More callers wait to enqueue than the configuration allows: try again later.
    case tooManyWaiting(limit: Int)
    /// The disk that holds the database is nearly full: try again later.
    case storeNearlyFull(freeBytes: Int)
    /// A policy that makes no sense, with every rule that it breaks.
    case policy([String])
    /// The caller's transaction is not READ COMMITTED.
    case isolation(String)
    /// The lease ran out and another claim has the message, or it was cancelled: the caller's work must not be
    /// committed.
    case leaseLost(MessageID)

    /// What is wrong and what the rule is.
    package var description: String {
        switch self {
        case .queueName(let name):
            "queue name \"\(name.prefix(100))\" is refused: a letter or digit, then up to 99 of letters, digits, _ . : -"
        case .keyLength(let bytes): "a key of \(bytes) bytes is refused: 1 to 200 bytes"
        case .keyHoldsZeroByte: "a key that holds U+0000 is refused"
        case .payloadTooLarge(let bytes):
            """
            a payload of \(bytes) bytes is refused: at most \(NewMessage.maximumPayloadBytes); refer to a stored document \
            instead
            """
        case .unknownQueue(let name):
            "no queue is called \"\(name.prefix(100))\"; `hub queue list` shows those there are"
        case .tooManyWaiting(let limit): "\(limit) callers wait to enqueue already; try again later"
        case .storeNearlyFull(let bytes):
            "the database's disk has \(bytes >> 20) MiB left, too little to take more in; try again later"
        case .policy(let problems): "the policy makes no sense: " + problems.joined(separator: "; ")
        case .isolation(let level):
            "a transaction that is \(level) cannot write to a queue; use read committed, the default"
        case .leaseLost(let id): "the lease on message \(id) is lost; roll back what was done under it"
        }
    }
}
