/// What a queue does when things go wrong, how fast its messages go, and how long it trusts a holder.
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
    /// How long after it was enqueued a message is worth delivering; then it is dead-lettered with `deadline_passed`.
    /// `nil`, the default, is for ever.
    package var deadline: Duration?
    /// How many messages may go in a time, by all nodes together. `nil`, the default, is as fast as they can.
    package var rate: MessageRate?
    /// How many messages all consumers together have in hand at most. `nil`, the default, leaves it to the consumers.
    package var concurrency: Int?
    /// When the queue is left alone because its messages keep failing. `nil`, the default, is never.
    package var breaker: CircuitBreaker?

    /// The defaults stated at each property.
    package init(
        maximumAttempts: Int = 12, maximumLost: Int = 3, backOff: BackOff = BackOff(), lease: Duration = .seconds(30),
        deadline: Duration? = nil, rate: MessageRate? = nil, concurrency: Int? = nil, breaker: CircuitBreaker? = nil
    ) {
        self.maximumAttempts = maximumAttempts
        self.maximumLost = maximumLost
        self.backOff = backOff
        self.lease = lease
        self.deadline = deadline
        self.rate = rate
        self.concurrency = concurrency
        self.breaker = breaker
    }

    /// Whether claims must ask the queue's ``Gate``.
    var isGated: Bool { rate != nil || concurrency != nil || breaker != nil }

    /// The longest that a message may be retried: what the back-off's ceilings add up to at most.
    static let longestRetrying = Duration.seconds(90 * 86_400)

    /// What makes no sense in it, each with the value and the rule; empty when all is well.
    package var problems: [String] {
        var problems: [String] = []
        func require(_ holds: Bool, _ problem: @autoclosure () -> String) {
            if !holds { problems.append(problem()) }
        }
        require((1...1_000).contains(maximumAttempts), "attempts \(maximumAttempts): between 1 and 1000")
        require((1...100).contains(maximumLost), "lost leases \(maximumLost): between 1 and 100")
        require(backOff.base >= .milliseconds(1), "back-off base \(backOff.base): at least 1 ms")
        require(backOff.cap >= backOff.base, "back-off cap \(backOff.cap): at least the base \(backOff.base)")
        require(backOff.cap <= .seconds(7 * 86_400), "back-off cap \(backOff.cap): at most 7 days")
        if problems.isEmpty {
            let days = Int(retrying / .seconds(86_400))
            require(
                retrying <= Self.longestRetrying,
                "a back-off of up to \(days) days over \(maximumAttempts) attempts: at most 90 days")
        }
        require(lease >= .milliseconds(100) && lease <= .seconds(3_600), "lease \(lease): 100 ms to 1 h")
        if let deadline {
            require(
                deadline >= .seconds(1) && deadline <= .seconds(365 * 86_400), "deadline \(deadline): 1 s to 365 days")
        }
        if let rate {
            require(
                rate.perSecond >= 0.001 && rate.perSecond <= 100_000, "rate \(rate.perSecond)/s: 0.001 to 100000")
            require((1...1_000_000).contains(rate.burst), "burst \(rate.burst): 1 to 1000000")
        }
        if let concurrency {
            require((1...10_000).contains(concurrency), "concurrency \(concurrency): 1 to 10000")
        }
        if let breaker {
            require((1...10_000).contains(breaker.failures), "breaker failures \(breaker.failures): 1 to 10000")
            require((0...1).contains(breaker.ratio), "breaker ratio \(breaker.ratio): 0 to 1")
            require(
                breaker.window >= .seconds(1) && breaker.window <= .seconds(86_400),
                "breaker window \(breaker.window): 1 s to 1 day")
            require(breaker.pause >= .milliseconds(1), "breaker pause \(breaker.pause): at least 1 ms")
            require(
                breaker.longestPause >= breaker.pause && breaker.longestPause <= .seconds(86_400),
                "longest breaker pause \(breaker.longestPause): the pause \(breaker.pause) to 1 day")
        }
        return problems
    }

    private var retrying: Duration {
        // Ceilings double until they meet the cap, after 40 steps at most; the rest are the cap.
        let steps = min(maximumAttempts - 1, 41)
        let doubling = (0..<steps).reduce(Duration.zero) { $0 + backOff.ceiling(afterAttempt: $1 + 1) }
        return doubling + backOff.cap * Double(max(0, maximumAttempts - 1 - steps))
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
