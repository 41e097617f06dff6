import Postgres

/// How many messages of a queue may be claimed at this moment, by all nodes together: its bucket of tokens, its circuit
/// and what is in hand. Pure; `queue.gate` keeps it, and whoever changes it holds the queue's lock (``GateStatement``).
///
/// All times are the database's.
struct Gate: Equatable, Sendable {
    /// What a consumer has in hand.
    struct Holding: Equatable, Sendable {
        let holder: Int64
        var held: Int
        /// When it no longer counts, because the leases have run out.
        var until: Timestamp
    }

    /// Who asks.
    struct Claimant: Sendable {
        /// A consumer's number; `nil` for a claim without a consumer, which no limit on concurrency holds for.
        var holder: Int64?
        /// Messages it has in hand.
        var inHand = 0
        /// Whether a probe is among them.
        var isProbing = false
    }

    /// The answer to a claim.
    struct Admission: Equatable, Sendable {
        /// The most messages that may be claimed.
        var limit: Int
        /// Whether the one that may be claimed is a probe.
        var isProbe = false
        /// When more may be admitted, if less was than wanted and nothing that the claimant does will change it.
        var lookAgain: Duration?

        fileprivate mutating func reduce(to limit: Int, lookAgain: Duration?) {
            guard limit < self.limit else { return }
            self.limit = max(0, limit)
            if let lookAgain { self.lookAgain = max(self.lookAgain ?? .zero, lookAgain) }
        }
    }

    var tokens: Double
    var refilledAt: Timestamp
    var circuit = Circuit.closed
    /// Failures in a row.
    var failures = 0
    var windowFrom: Timestamp
    var windowFailures = 0
    var windowOutcomes = 0
    /// How often in a row the circuit was opened without a success between.
    var openings = 0
    /// When an open circuit may be probed, or a probe counts as vanished.
    var turnsAt: Timestamp?
    /// Who has the probe; 0 for a claim without a consumer.
    var prober: Int64?
    var holdings: [Holding] = []

    /// A gate at rest: its bucket full, its circuit closed.
    init(_ policy: QueuePolicy, now: Timestamp) {
        tokens = Double(policy.rate?.burst ?? 0)
        refilledAt = now
        windowFrom = now
    }

    /// Whether the difference to `other` is more than the passing of time.
    func differs(from other: Gate) -> Bool {
        var rested = self
        rested.tokens = other.tokens
        rested.refilledAt = other.refilledAt
        return rested != other
    }

    // MARK: Circuit

    /// Takes note of outcomes.
    mutating func record(_ tally: Tally, of claimant: Claimant, policy: QueuePolicy, now: Timestamp) {
        guard let breaker = policy.breaker else { return closeForGood() }
        switch circuit {
        case .closed:
            if tally.succeeded > 0 {
                failures = tally.failedInARow
                openings = 0
            } else {
                failures += tally.failedInARow
            }
            countInWindow(tally, breaker, now)
            let isBadWindow =
                breaker.ratio > 0 && windowOutcomes >= CircuitBreaker.leastOutcomes
                && Double(windowFailures) >= breaker.ratio * Double(windowOutcomes)
            if tally.failed > 0, failures >= breaker.failures || isBadWindow { open(breaker, now) }
        case .open, .halfOpen:
            // Also of a message that was in hand before: whoever takes it answers again.
            if tally.succeeded > 0 { return close(failures: breaker.failures - 1) }
            guard circuit == .halfOpen, prober == claimant.holder ?? 0, !claimant.isProbing else { return }
            if tally.failed > 0 {
                open(breaker, now)
            } else if tally.neutral > 0 {
                awaitProbe(now)
            }
        }
    }

    private mutating func countInWindow(_ tally: Tally, _ breaker: CircuitBreaker, _ now: Timestamp) {
        if windowFailures > 0, now - windowFrom >= breaker.window {
            windowFailures = 0
            windowOutcomes = 0
        }
        // While all is well there is nothing to count, and so nothing to write.
        guard windowFailures > 0 || tally.failed > 0 else { return }
        if windowFailures == 0 { windowFrom = now }
        windowFailures += tally.failed
        windowOutcomes += tally.failed + tally.succeeded
    }

    private mutating func open(_ breaker: CircuitBreaker, _ now: Timestamp) {
        openings += 1
        let pause = BackOff(base: breaker.pause, cap: breaker.longestPause).ceiling(afterAttempt: openings)
        close(failures: 0)
        circuit = .open
        turnsAt = now + pause
    }

    private mutating func awaitProbe(_ now: Timestamp) {
        circuit = .open
        turnsAt = now
        prober = nil
    }

    private mutating func close(failures: Int) {
        circuit = .closed
        self.failures = failures
        windowFailures = 0
        windowOutcomes = 0
        turnsAt = nil
        prober = nil
    }

    private mutating func closeForGood() {
        close(failures: 0)
        openings = 0
    }

    // MARK: Claims

    /// How many of `wanted` messages may be claimed now. Then report with ``claimed(_:by:admission:policy:lease:now:)``.
    ///
    /// - Parameter lease: how long a claim's leases hold
    mutating func admit(
        _ wanted: Int, to claimant: Claimant, policy: QueuePolicy, lease: Duration, now: Timestamp
    ) -> Admission {
        holdings.removeAll { $0.until <= now || $0.holder == claimant.holder }
        var admission = Admission(limit: wanted)
        admitByCircuit(&admission, claimant, lease, now)
        if let rate = policy.rate {
            let seconds = max(.zero, now - refilledAt) / .seconds(1)
            tokens = min(Double(rate.burst), tokens + seconds * rate.perSecond)
            refilledAt = now
            // Sums of fractions come out a little below the whole.
            let whole = Int(tokens + 1e-6)
            let next = Duration.seconds((Double(whole + 1) - tokens) / rate.perSecond)
            // Times are whole microseconds: one more, so as not to come a fraction too early for ever.
            admission.reduce(to: whole, lookAgain: next + .microseconds(1))
        }
        if let concurrency = policy.concurrency, claimant.holder != nil {
            let others = holdings.reduce(0) { $0 + $1.held }
            // What the claimant itself holds it will report when it is done.
            admission.reduce(to: concurrency - claimant.inHand, lookAgain: nil)
            admission.reduce(to: concurrency - claimant.inHand - others, lookAgain: .milliseconds(50))
        }
        return admission
    }

    private mutating func admitByCircuit(
        _ admission: inout Admission, _ claimant: Claimant, _ lease: Duration, _ now: Timestamp
    ) {
        guard circuit != .closed, let turnsAt, admission.limit > 0 else { return }
        let isHers = circuit == .halfOpen && prober == claimant.holder ?? 0
        if isHers, claimant.isProbing {
            // She is at it still.
            self.turnsAt = now + lease
            admission.reduce(to: 0, lookAgain: nil)
        } else if isHers || now >= turnsAt {
            circuit = .halfOpen
            prober = claimant.holder ?? 0
            self.turnsAt = now + lease
            admission.reduce(to: 1, lookAgain: nil)
            admission.isProbe = true
        } else {
            admission.reduce(to: 0, lookAgain: min(turnsAt - now, .seconds(1)))
        }
    }

    /// Takes note of what an admitted claim brought.
    mutating func claimed(
        _ count: Int, by claimant: Claimant, admission: Admission, policy: QueuePolicy, lease: Duration, now: Timestamp
    ) {
        if policy.rate != nil { tokens -= Double(count) }
        if admission.isProbe, count == 0 { awaitProbe(now) }
        if let holder = claimant.holder, policy.concurrency != nil, claimant.inHand + count > 0 {
            holdings.append(Holding(holder: holder, held: claimant.inHand + count, until: now + lease))
        }
    }
}
