/// What a queue does when things go wrong, and how long it trusts a holder.
package struct QueuePolicy: Hashable, Sendable {
    /// Attempts with an outcome before the message is dead-lettered. Defaults to 12: with the default back-off, about
    /// an hour.
    package var maximumAttempts: Int
    /// Leases lost without an outcome before the message is dead-lettered with `lease_lost`. Defaults to 3.
    package var maximumLost: Int
    /// The wait between attempts.
    package var backOff: BackOff
    /// How long a lease holds unless renewed. Short: a crashed holder's messages return soon. Long: a pause of the
    /// process or the database does not cost leases. Defaults to 30 s.
    package var lease: Duration

    /// The defaults stated at each property.
    package init(
        maximumAttempts: Int = 12, maximumLost: Int = 3, backOff: BackOff = BackOff(), lease: Duration = .seconds(30)
    ) {
        self.maximumAttempts = maximumAttempts
        self.maximumLost = maximumLost
        self.backOff = backOff
        self.lease = lease
    }

    /// What makes no sense in it, each with the rule; empty when all is well.
    package var problems: [String] {
        var problems: [String] = []
        if !(1...1_000).contains(maximumAttempts) { problems.append("attempts \(maximumAttempts): between 1 and 1000") }
        if !(1...100).contains(maximumLost) { problems.append("lost leases \(maximumLost): between 1 and 100") }
        if backOff.base < .milliseconds(1) { problems.append("back-off base \(backOff.base): at least 1 ms") }
        if backOff.cap < backOff.base {
            problems.append("back-off cap \(backOff.cap): at least the base \(backOff.base)")
        }
        if backOff.cap > .seconds(7 * 86_400) { problems.append("back-off cap \(backOff.cap): at most 7 days") }
        if lease < .milliseconds(100) || lease > .seconds(3_600) { problems.append("lease \(lease): 100 ms to 1 h") }
        return problems
    }

    /// What becomes of a message whose attempt failed: another attempt after a wait, or the dead letters.
    ///
    /// - Parameters:
    ///   - attempt: the attempt that failed, counted from 1
    ///   - asked: the wait that the handler asked for, such as a partner's `Retry-After`; `nil` draws one from the
    ///     back-off
    func verdict(afterAttempt attempt: Int, asked: Duration?) -> RetryVerdict {
        attempt >= maximumAttempts
            ? .deadLetter : .retry(after: asked.map { max($0, .zero) } ?? backOff.delay(afterAttempt: attempt))
    }
}

/// The two ends of a failed attempt.
enum RetryVerdict: Equatable {
    case retry(after: Duration)
    case deadLetter
}
