/// What a handler made of a message.
package enum Outcome: Sendable, Equatable {
    /// The handler acknowledged it in its own transaction, with ``MessageQueue/acknowledge(_:in:)-swift.method``.
    case acknowledged
    /// It is dealt with: acknowledge it.
    case done
    /// It failed in a way that may pass. `nil` waits by the queue's back-off; when its attempts are used up it is
    /// dead-lettered.
    case retry(Cause, after: Duration? = nil)
    /// It cannot succeed: set it aside with its cause.
    case deadLetter(Cause)
}
