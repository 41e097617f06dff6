/// What is to be written about a lease: the end of its attempt, or its return.
struct Settlement: Sendable {
    let lease: Lease
    let verdict: Verdict

    enum Verdict: Sendable, Equatable {
        /// Delete the state row; note the acknowledgement.
        case acknowledge
        /// Wait, then try again. An attempt that does not count was a probe of an open circuit.
        case retry(Cause, after: Duration, isCounted: Bool = true)
        /// Set aside.
        case deadLetter(Cause)
        /// Give the message back as if it had not been claimed: it never reached a handler.
        case release
    }

    init(_ lease: Lease, _ verdict: Verdict) {
        self.lease = lease
        self.verdict = verdict
    }

    /// What a handler's outcome means under a policy; `nil` when nothing is left to write.
    init?(_ lease: Lease, _ outcome: Outcome, policy: QueuePolicy) {
        switch outcome {
        case .acknowledged: return nil
        case .done: self.init(lease, .acknowledge)
        case .deadLetter(let cause): self.init(lease, .deadLetter(cause))
        case .retry(let cause, let asked) where lease.isProbe:
            let delay = asked.map { max($0, .zero) } ?? policy.backOff.delay(afterAttempt: 1)
            self.init(lease, .retry(cause, after: delay, isCounted: false))
        case .retry(let cause, let asked):
            switch policy.verdict(afterAttempt: lease.attempt, asked: asked) {
            case .retry(let delay): self.init(lease, .retry(cause, after: delay))
            case .deadLetter: self.init(lease, .deadLetter(cause))
            }
        }
    }
}
