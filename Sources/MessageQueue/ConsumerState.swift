/// What a consumer does next: a pure machine that is told what happened and answers with one action at a time.
///
///     claimed ─▶ local queue ─▶ running ─▶ outcomes ─▶ exchange (outcomes out, messages in) ─▶ claimed …
///
/// One exchange with the database is under way at a time. It carries whatever has gathered meanwhile, so batches grow
/// with the load by themselves; `pace` keeps a busy consumer from exchanging message by message, and an idle one
/// answers at once.
struct ConsumerState {
    typealias Instant = ContinuousClock.Instant

    /// The bounds and times of a consumer.
    struct Settings: Sendable {
        /// Handlers at once.
        var concurrency: Int
        /// Messages of one claim at most.
        var batch: Int
        /// The policy of the queue.
        var policy: QueuePolicy
        /// The least time between two exchanges that are not full.
        var pace: Duration
        /// The longest time between two claims of an idle consumer.
        var poll: Duration

        /// Messages in hand at most, running or in the local queue.
        var capacity: Int { min(max(batch, concurrency), policy.concurrency ?? .max) }
    }

    /// What one round trip carries.
    struct Exchange: Sendable {
        var settlements: [Settlement] = []
        var renewals: [Lease] = []
        /// The most messages to claim; 0 claims none.
        var limit = 0
        /// Whether a suspect may be claimed.
        var suspects = false
        /// How long leases hold that it takes or renews; `nil` is what its caller says.
        var lease: Duration?
        /// What became of messages since the last exchange, for the queue's gate.
        var tally = Tally.none
        /// Who asks, for the queue's gate.
        var claimant = Gate.Claimant()

        /// Whether a queue's gate has to do with it.
        var isOfInterestToGate: Bool { limit > 0 || tally != .none || claimant.holder != nil }
    }

    /// What the caller does now, before it asks again.
    enum Action {
        /// Hand the lease to the handler; report with `finished`.
        case start(Lease)
        /// Talk to the database; report with `exchanged` or `exchangeFailed`.
        case exchange(Exchange)
        /// Nothing until something is reported or this instant comes.
        case wait(until: Instant)
        /// All is done; only after `stop`.
        case end
    }

    private struct Held {
        let lease: Lease
        /// When the lease may have run out: counted from before the claim was sent, so that no clock needs to agree
        /// with the database's.
        var deadline: Instant
    }

    /// What keeps two messages apart while one of them runs: the key, or for want of one the message.
    private enum Order: Hashable {
        case key(String)
        case message(MessageID)

        init(_ lease: Lease) { self = lease.key.map(Order.key) ?? .message(lease.messageID) }
    }

    private(set) var settings: Settings
    /// This consumer among all, for the gates of queues.
    private let holder = Int64.random(in: 1...Int64.max)
    private var tally = Tally.none
    private var local: [Held] = []
    private var running: [Order: Held] = [:]
    private var outcomes: [Settlement] = []
    private var isExchanging = false
    private var isStopping = false
    /// Whether there is reason to believe that messages wait.
    private var isWanted = true
    /// Whether the last claim brought as many as it might.
    private var wasFull = false
    private(set) var failures = 0
    private var lastExchange: Instant?
    private var notBefore: Instant?
    private var nextPoll: Instant
    private var nextRetry: Instant?
    private var nextRenewal: Instant?

    init(settings: Settings, now: Instant) {
        precondition(settings.concurrency > 0 && settings.batch > 0, "a consumer's bounds are positive")
        self.settings = settings
        nextPoll = now + settings.poll
    }

    /// Messages running or in the local queue.
    var inHand: Int { local.count + running.count }

    // MARK: Events

    /// Messages may have arrived.
    mutating func woken() { isWanted = true }

    /// No more messages are to be started; those running are finished, those in the local queue given back.
    mutating func stop() {
        guard !isStopping else { return }
        isStopping = true
        outcomes += local.map { Settlement($0.lease, .release) }
        local = []
        failures = 0
    }

    /// A handler returned.
    mutating func finished(_ lease: Lease, _ outcome: Outcome, now: Instant) {
        running[Order(lease)] = nil
        // Its key is free now, or a place in hand is.
        if lease.key != nil || wasFull || settings.policy.isGated { isWanted = true }
        if settings.policy.isGated { tally.count(outcome) }
        guard let settlement = Settlement(lease, outcome, policy: settings.policy) else { return }
        outcomes.append(settlement)
        if case .retry(_, let delay, _) = settlement.verdict {
            nextRetry = min(nextRetry ?? now + delay, now + delay)
        }
    }

    /// An exchange succeeded.
    ///
    /// - Parameters:
    ///   - claimed: what it brought
    ///   - lost: the leases among its renewals that others hold now
    ///   - lookAgain: when another claim may bring what this one could not
    ///   - isHeldBack: whether to look again then even though messages were claimed
    ///   - policy: the queue's, if it has changed
    mutating func exchanged(
        _ exchange: Exchange, claimed: [Lease], lost: [Lease], lookAgain: Duration?, isHeldBack: Bool = false,
        policy: QueuePolicy? = nil, sentAt: Instant, now: Instant
    ) {
        isExchanging = false
        failures = 0
        notBefore = nil
        let deadline = sentAt + (exchange.lease ?? settings.policy.lease)
        if let policy { settings.policy = policy }
        let lostFences = Set(lost.map { FencedMessage($0) })
        for lease in exchange.renewals where !lostFences.contains(FencedMessage(lease)) {
            if let index = local.firstIndex(where: { FencedMessage($0.lease) == FencedMessage(lease) }) {
                local[index].deadline = deadline
            }
        }
        local.removeAll { lostFences.contains(FencedMessage($0.lease)) }
        if isStopping {
            outcomes += claimed.map { Settlement($0, .release) }
        } else {
            if inHand == 0 { nextRenewal = sentAt + settings.policy.lease / 3 }
            local += claimed.map { Held(lease: $0, deadline: deadline) }
        }
        guard exchange.limit > 0 else { return }
        wasFull = claimed.count == exchange.limit
        if wasFull { isWanted = true }
        if claimed.isEmpty || isHeldBack, let lookAgain { nextPoll = min(nextPoll, now + lookAgain) }
    }

    /// An exchange failed; what it carried is sent again after a wait. Sending twice is safe: the fence makes the
    /// second a no-op.
    mutating func exchangeFailed(_ exchange: Exchange, retryAfter delay: (_ failures: Int) -> Duration, now: Instant) {
        isExchanging = false
        failures += 1
        outcomes = exchange.settlements + outcomes
        tally = exchange.tally + tally
        isWanted = true
        notBefore = now + delay(failures)
        nextRenewal = now
    }

    // MARK: Decisions

    /// The next thing to do. Call again after each action until it is a wait or the end.
    mutating func next(now: Instant) -> Action {
        if let lease = takeStartable(now: now) { return .start(lease) }
        if now >= nextPoll {
            isWanted = true
            nextPoll = now + settings.poll
        }
        if let due = nextRetry, now >= due {
            isWanted = true
            nextRetry = nil
        }
        guard !isExchanging else { return .wait(until: nextPoll) }
        // The database does not answer: what is in hand returns when its leases run out.
        if isStopping, failures >= 3 {
            outcomes = []
            tally = .none
        }
        if isStopping, inHand == 0, outcomes.isEmpty, !isOwingTally { return .end }
        let due = exchangeDue(now: now)
        if let due, now >= due { return .exchange(formExchange(now: now)) }
        return .wait(until: [due, nextRetry].compactMap { $0 }.reduce(nextPoll, min))
    }

    private mutating func takeStartable(now: Instant) -> Lease? {
        guard running.count < settings.concurrency else { return nil }
        while let index = local.firstIndex(where: { running[Order($0.lease)] == nil }) {
            let held = local.remove(at: index)
            // A lease that may have run out must not be started: another holder may have begun.
            guard held.deadline > now else { continue }
            running[Order(held.lease)] = held
            return held.lease
        }
        return nil
    }

    /// Whether the queue's gate waits to hear what became of messages.
    private var isOwingTally: Bool { settings.policy.isGated && tally != .none }

    private var free: Int { isStopping ? 0 : settings.capacity - inHand }

    private func exchangeDue(now: Instant) -> Instant? {
        var due: Instant?
        if !outcomes.isEmpty || (isWanted && free > 0) || (isStopping && isOwingTally) {
            let half = max(1, settings.batch / 2)
            let isUrgent = isStopping || outcomes.count >= half || (wasFull && isWanted && free >= half)
            due = isUrgent ? now : lastExchange.map { $0 + settings.pace } ?? now
        }
        if inHand > 0, let nextRenewal { due = min(due ?? nextRenewal, nextRenewal) }
        return due.map { max($0, notBefore ?? $0) }
    }

    private mutating func formExchange(now: Instant) -> Exchange {
        isExchanging = true
        lastExchange = now
        var exchange = Exchange(settlements: outcomes, limit: max(0, min(settings.batch, free)))
        outcomes = []
        exchange.lease = settings.policy.lease
        exchange.tally = tally
        tally = .none
        let held = local.map(\.lease) + running.values.map(\.lease)
        if settings.policy.isGated {
            exchange.claimant = Gate.Claimant(
                holder: holder, inHand: held.count, isProbing: held.contains(where: \.isProbe))
        }
        if exchange.limit > 0 {
            isWanted = false
            nextPoll = now + settings.poll
            exchange.suspects = !held.contains(where: \.isSuspect)
        }
        if let due = nextRenewal, now >= due {
            exchange.renewals = held
            nextRenewal = now + settings.policy.lease / 3
        }
        return exchange
    }
}
