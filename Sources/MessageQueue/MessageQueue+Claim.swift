import Logging
import Postgres
import Synchronization

/// What one exchange brought.
struct Exchanged: Sendable {
    /// New leases, in the order in which they should be worked on.
    var claimed: [Lease] = []
    /// Of the renewals: those that somebody else holds now, or nobody.
    var lost: [Lease] = []
    /// Of the settlements: those refused because the lease was lost.
    var refused: [Lease] = []
    /// When another claim may bring what this one could not: a message below the floor, or one that a limit held back.
    var lookAgain: Duration?
    /// Whether to look again then even though messages were claimed.
    var isHeldBack = false
    /// The policy that holds.
    var policy: QueuePolicy?
}

extension MessageQueue {
    /// Takes leases on up to `limit` messages: the first of each key, by priority. An attempt is counted for each, and
    /// committed. The queue's limits and its circuit hold, except the limit on concurrency, which counts what consumers
    /// have in hand.
    ///
    /// - Parameter lease: how long the leases hold; `nil` is the queue's policy
    package func claim(_ queue: String, limit: Int, lease: Duration? = nil) async throws -> [Lease] {
        await surveyIfDue(queue)
        return try await exchange(
            ConsumerState.Exchange(limit: limit, suspects: true), queue: queue, lease: lease ?? policy(of: queue).lease
        ).claimed
    }

    /// Lets leases run for the given time from now on, and returns those that were lost already.
    package func renew(_ leases: [Lease], for duration: Duration) async throws -> [Lease] {
        guard !leases.isEmpty else { return [] }
        let columns = LeaseColumns(leases.sorted { $0.place.position < $1.place.position })
        let result = try await PlannerSettings.run([ClaimStatement.renew(columns, lease: duration)], on: database)
        return try columns.missing(from: result[0])
    }

    /// One transaction: settles outcomes, renews leases, claims. One round trip, unless the queue has a gate.
    ///
    /// The claim comes after the settlements and sees them, so the next message of a key comes in the same transaction
    /// that acknowledges the one before.
    func exchange(_ exchange: ConsumerState.Exchange, queue: String, lease: Duration) async throws -> Exchanged {
        let began = ContinuousClock.now
        let node = exchange.limit > 0 ? try await nodeNumber() : 0
        if shared.policies.isDue(now: began) { try await refreshPolicies() }
        let policy = policy(of: queue)
        let settling = Settling(exchange, lease: lease)
        var exchanged: Exchanged
        var claimed: Claiming.Claimed?
        if policy.isGated, exchange.isOfInterestToGate {
            (exchanged, claimed) = try await database.transaction { [self] connection in
                try gated(exchange, settling, queue, policy, lease, node, in: connection)
            }
        } else {
            let claiming = exchange.limit > 0 ? self.claiming(exchange, queue, policy, lease, node) : nil
            let statements = settling.statements + (claiming?.statements ?? [])
            guard !statements.isEmpty else { return Exchanged(policy: policy) }
            let results: [QueryResult]
            do {
                results = try await PlannerSettings.run(statements, on: database)
            } catch {
                if let survey = claiming?.look.survey { surveyFailed(survey, of: queue, began: began) }
                throw error
            }
            exchanged = try settling.read(results)
            claimed = try claiming?.read(results[settling.statements.count...])
        }
        exchanged.policy = policy
        shared.meters.noteSettled(exchange.settlements, refused: exchanged.refused)
        if let claimed { await take(claimed, of: queue, policy, into: &exchanged, began: began) }
        if !exchanged.refused.isEmpty {
            logger.warning(
                "outcomes refused because their leases were lost",
                metadata: [
                    "queue": "\(queue)", "count": "\(exchanged.refused.count)",
                    "messages": "\(exchanged.refused.prefix(10).map(\.messageID.description).joined(separator: " "))",
                ])
        }
        return exchanged
    }

    /// An exchange with a queue that has limits or a breaker: what may be claimed is known only when it has been read.
    private func gated(
        _ exchange: ConsumerState.Exchange, _ settling: Settling, _ queue: String, _ policy: QueuePolicy,
        _ lease: Duration, _ node: Int32, in connection: Connection
    ) throws -> (Exchanged, Claiming.Claimed?) {
        let opening = settling.statements + [GateStatement.lock(queue: queue), GateStatement.read(queue: queue)]
        let results = try PlannerSettings.run(opening, in: connection)
        var exchanged = try settling.read(results)
        guard let (found, revision, now) = try GateStatement.gate(results[results.count - 1], policy: policy) else {
            return (exchanged, nil)
        }
        var gate = found
        gate.record(exchange.tally, of: exchange.claimant, policy: policy, now: now)
        let admission = gate.admit(exchange.limit, to: exchange.claimant, policy: policy, lease: lease, now: now)
        var statements: [(SQL, StaticString)] = []
        var claimed: Claiming.Claimed?
        if admission.limit > 0 {
            var admitted = exchange
            admitted.limit = admission.limit
            let claiming = self.claiming(admitted, queue, policy, lease, node)
            var read: Claiming.Claimed
            do {
                read = try claiming.read(PlannerSettings.run(claiming.statements, in: connection)[...])
            } catch {
                if let survey = claiming.look.survey { surveyFailed(survey, of: queue, began: .now) }
                throw error
            }
            for index in read.leases.indices { read.leases[index].lease.isProbe = admission.isProbe }
            claimed = read
        }
        let count = claimed?.leases.count ?? 0
        gate.claimed(
            count, by: exchange.claimant, admission: admission, policy: policy, lease: lease, now: now)
        if count > 0 || gate.differs(from: found) {
            statements.append(GateStatement.write(gate, queue: queue, after: revision))
            _ = try PlannerSettings.run(statements, in: connection)
        }
        exchanged.lookAgain = admission.lookAgain
        exchanged.isHeldBack = admission.lookAgain != nil
        // Not each probe of an outage: its begin and its end.
        if (gate.circuit == .closed) != (found.circuit == .closed) {
            logger.info(
                "circuit changed", metadata: ["queue": "\(queue)", "circuit": "\(gate.circuit.rawValue)"])
        }
        return (exchanged, claimed)
    }

    /// Looks for what came to life below the floors from which claims start, if it is time to, and has the consumers
    /// claim if there is something. Whoever claims sees to it, beside the claims: it walks over what is dead, and takes
    /// the longer the more of that there is.
    func surveyIfDue(_ queue: String) async {
        let began = ContinuousClock.now
        guard let survey = shared.plans.withLock({ $0[queue]?.survey(now: began) }) else { return }
        do {
            let results = try await PlannerSettings.run([ClaimStatement.survey(survey, queue: queue)], on: database)
            let lowest = Dictionary(uniqueKeysWithValues: try ClaimStatement.places(results[0]).map { ($0, $1) })
            let now = ContinuousClock.now
            let isLower = shared.plans.withLock {
                $0[queue]?.surveyed(survey, lowest: lowest, duration: now - began, now: now) ?? false
            }
            if isLower { board.wakeHere(queue) }
        } catch {
            surveyFailed(survey, of: queue, began: began)
            // Not at each, a tenth of a second apart, while the database is away: the consumers say that.
            logger.log(
                level: survey.isFull ? .warning : .debug, "no survey of the queue",
                metadata: ["queue": "\(queue)", "error": "\(error)"])
        }
    }

    private func surveyFailed(_ survey: ClaimPlan.Survey, of queue: String, began: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        shared.plans.withLock { $0[queue]?.surveyFailed(survey, duration: now - began, now: now) }
    }

    private func claiming(
        _ exchange: ConsumerState.Exchange, _ queue: String, _ policy: QueuePolicy, _ lease: Duration, _ node: Int32
    ) -> Claiming {
        let look = shared.plans.withLock { plans in
            plans[queue, default: ClaimPlan()].next(limit: exchange.limit, suspects: exchange.suspects, now: .now)
        }
        return Claiming(
            queue: queue, look: look, limit: exchange.limit, lease: lease, node: node, policy: policy)
    }

    /// Keeps what a committed claim taught, and sets aside what is not to be handed out.
    private func take(
        _ claimed: Claiming.Claimed, of queue: String, _ policy: QueuePolicy, into exchanged: inout Exchanged,
        began: ContinuousClock.Instant
    ) async {
        // Nothing is overlooked when this claim was a survey, or one is due, which wakes the consumers.
        let isSurveyed = shared.plans.withLock { plans in
            let now = ContinuousClock.now
            var plan = plans[queue] ?? ClaimPlan()
            defer { plans[queue] = plan }
            plan.claimed(claimed.leases.map(\.lease.place))
            if let (survey, lowest) = claimed.surveyed {
                plan.surveyed(survey, lowest: lowest, duration: now - began, now: now)
            }
            plan.returned(claimed.returned)
            return claimed.surveyed != nil || plan.isSurveyDue(now: now)
        }
        if !exchanged.isHeldBack {
            let hasReturned = !claimed.returned.isEmpty && claimed.surveyed == nil
            exchanged.lookAgain = hasReturned ? .zero : isSurveyed ? nil : ClaimPlan.surveyInterval
        }
        let carriedOver = claimed.leases.filter(\.isCarriedOver).map(\.lease)
        if !carriedOver.isEmpty { _ = try? await release(carriedOver) }
        let leases = claimed.leases.filter { !$0.isCarriedOver }
        let vanished = leases.filter { $0.lease.lost >= policy.maximumLost }.map(\.lease)
        let late = leases.filter { $0.isOver && $0.lease.lost < policy.maximumLost }.map(\.lease)
        exchanged.claimed = leases.filter { !$0.isOver && $0.lease.lost < policy.maximumLost }.map(\.lease)
        let attempts = exchanged.claimed.count
        shared.meters.note(queue) { meter in
            meter.attempts += attempts
            meter.lostLeases += leases.count { $0.lease.isSuspect }
            meter.claimSeconds.add((ContinuousClock.now - began) / .seconds(1))
            if attempts > 0 { meter.batchSizes.add(Double(attempts)) }
        }
        guard !vanished.isEmpty || !late.isEmpty else { return }
        for lease in vanished {
            logger.error(
                "message set aside: its holders vanished",
                metadata: ["queue": "\(queue)", "message": "\(lease.messageID)", "lost": "\(lease.lost)"])
        }
        await bury(vanished, .leaseLost)
        await bury(late, .deadlinePassed)
        exchanged.lookAgain = .zero
    }

    /// Dead-letters messages that are not to be handed out. What cannot be written now is claimed again when its lease
    /// has run out, and comes here again.
    private func bury(_ leases: [Lease], _ cause: Cause) async {
        guard !leases.isEmpty else { return }
        do {
            _ = try await settle(leases.map { Settlement($0, .deadLetter(cause)) })
        } catch {
            logger.warning(
                "messages not set aside yet", metadata: ["count": "\(leases.count)", "error": "\(error)"])
        }
    }

    /// The number of this process among all that ever started; drawn at the first claim.
    private func nodeNumber() async throws -> Int32 {
        if let known = shared.node.withLock({ $0 }) { return known }
        let drawn = try await database.query(
            "INSERT INTO queue.node (name) VALUES (\(shared.nodeName)) RETURNING id", name: "queue.node"
        )[0].decode(Int32.self)
        // Two first claims at once may draw two numbers; one of them is then never used.
        return shared.node.withLock { node in
            node = node ?? drawn
            return node ?? drawn
        }
    }
}

/// The part of an exchange that writes outcomes and renews leases.
private struct Settling: Sendable {
    let statements: [(SQL, StaticString)]
    private let settled: [LeaseColumns]
    private let renewed: LeaseColumns?

    init(_ exchange: ConsumerState.Exchange, lease: Duration) {
        let settling = SettleStatement.statements(exchange.settlements)
        settled = settling.map(\.columns)
        guard !exchange.renewals.isEmpty else {
            renewed = nil
            statements = settling.map(\.statement)
            return
        }
        let columns = LeaseColumns(exchange.renewals.sorted { $0.place.position < $1.place.position })
        renewed = columns
        statements = settling.map(\.statement) + [ClaimStatement.renew(columns, lease: lease)]
    }

    /// What the first of the results say.
    func read(_ results: [QueryResult]) throws -> Exchanged {
        var exchanged = Exchanged()
        for (columns, result) in zip(settled, results) { exchanged.refused += try columns.missing(from: result) }
        if let renewed { exchanged.lost = try renewed.missing(from: results[settled.count]) }
        return exchanged
    }
}

/// The part of an exchange that claims.
private struct Claiming: Sendable {
    struct Claimed: Sendable {
        var leases: [ClaimStatement.Taken]
        /// Where messages stand that came back from waiting.
        let returned: [(shelf: Shelf, position: Int64)]
        /// What a survey found.
        let surveyed: (survey: ClaimPlan.Survey, lowest: [Shelf: Int64])?
    }

    let statements: [(SQL, StaticString)]
    let look: ClaimPlan.Look
    private let queue: String

    init(queue: String, look: ClaimPlan.Look, limit: Int, lease: Duration, node: Int32, policy: QueuePolicy) {
        self.queue = queue
        self.look = look
        statements =
            [
                ClaimStatement.promote(queue: queue),
                ClaimStatement.claim(
                    queue: queue, arms: look.arms, limit: limit, lease: lease, node: node, policy: policy),
            ] + (look.survey.map { [ClaimStatement.survey($0, queue: queue)] } ?? [])
    }

    func read(_ results: ArraySlice<QueryResult>) throws -> Claimed {
        let results = Array(results)
        let lowest = look.survey == nil ? [] : try ClaimStatement.places(results[2])
        return Claimed(
            leases: try ClaimStatement.taken(results[1], queue: queue, arms: look.arms),
            returned: try ClaimStatement.places(results[0]),
            surveyed: look.survey.map { ($0, Dictionary(uniqueKeysWithValues: lowest.map { ($0.shelf, $0.position) })) }
        )
    }
}
