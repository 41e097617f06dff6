import Logging
import Postgres
import Synchronization

/// What one round trip brought.
struct Exchanged: Sendable {
    /// New leases, in the order in which they should be worked on.
    var claimed: [Lease] = []
    /// Of the renewals: those that somebody else holds now, or nobody.
    var lost: [Lease] = []
    /// Of the settlements: those refused because the lease was lost.
    var refused: [Lease] = []
    /// How long a message below the floor may go unseen, if this claim looked only above it.
    var mayHaveOverlooked: Duration?
}

extension MessageQueue {
    /// Takes leases on up to `limit` messages: the first of each key, by priority. An attempt is counted for each, and
    /// committed.
    ///
    /// - Parameter lease: how long the leases hold; `nil` is the queue's policy
    package func claim(_ queue: String, limit: Int, lease: Duration? = nil) async throws -> [Lease] {
        try await exchange(
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

    /// One round trip and one transaction: settles outcomes, renews leases, claims.
    ///
    /// The claim comes after the settlements and sees them, so the next message of a key comes in the same round trip
    /// that acknowledges the one before.
    func exchange(_ exchange: ConsumerState.Exchange, queue: String, lease: Duration) async throws -> Exchanged {
        let node = exchange.limit > 0 ? try await nodeNumber() : 0
        var statements: [(SQL, StaticString)] = []
        let settling = SettleStatement.statements(exchange.settlements)
        statements += settling.map(\.statement)
        let renewing = LeaseColumns(exchange.renewals.sorted { $0.place.position < $1.place.position })
        if !renewing.leases.isEmpty { statements.append(ClaimStatement.renew(renewing, lease: lease)) }
        let (arms, isSurvey) =
            exchange.limit > 0
            ? shared.plans.withLock { plans in
                plans[queue, default: ClaimPlan()].next(limit: exchange.limit, suspects: exchange.suspects, now: .now)
            } : ([], false)
        if exchange.limit > 0 {
            statements.append(ClaimStatement.promote(queue: queue))
            statements.append(
                ClaimStatement.claim(
                    queue: queue, arms: arms, limit: exchange.limit, lease: lease, node: node,
                    maximumLost: policy(of: queue).maximumLost))
            if isSurvey { statements.append(ClaimStatement.survey(queue: queue)) }
        }
        guard !statements.isEmpty else { return Exchanged() }

        var results = try await PlannerSettings.run(statements, on: database)[...]
        var exchanged = Exchanged()
        for (columns, _) in settling { exchanged.refused += try columns.missing(from: results.removeFirst()) }
        if !renewing.leases.isEmpty { exchanged.lost = try renewing.missing(from: results.removeFirst()) }
        guard exchange.limit > 0 else { return exchanged }
        let promoted = results.removeFirst().count
        let leases = try ClaimStatement.leases(results.removeFirst(), queue: queue, arms: arms)
        let maximumLost = policy(of: queue).maximumLost
        exchanged.claimed = leases.filter { $0.lost < maximumLost }
        let lowest = isSurvey ? try ClaimStatement.lowest(results.removeFirst()) : nil
        shared.plans.withLock { plans in
            plans[queue, default: ClaimPlan()].claimed(leases.map(\.place))
            if let lowest { plans[queue, default: ClaimPlan()].surveyed(lowest: lowest) }
            // What came back from waiting may stand below the floor.
            if promoted > 0, !isSurvey { plans[queue, default: ClaimPlan()].surveyNext() }
        }
        exchanged.mayHaveOverlooked = isSurvey ? nil : promoted > 0 ? .zero : ClaimPlan.surveyInterval
        if exchanged.claimed.count < leases.count {
            await bury(leases.filter { $0.lost >= maximumLost })
            exchanged.mayHaveOverlooked = .zero
        }
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

    /// Dead-letters messages whose holders vanished once too often. One that cannot be written now is claimed again when its
    /// lease has run out, and comes here again.
    private func bury(_ leases: [Lease]) async {
        for lease in leases {
            logger.error(
                "message set aside: its holders vanished",
                metadata: ["queue": "\(lease.queue)", "message": "\(lease.messageID)", "lost": "\(lease.lost)"])
            do {
                try await deadLetter(lease, cause: .leaseLost)
            } catch {
                logger.warning(
                    "message not set aside yet", metadata: ["message": "\(lease.messageID)", "error": "\(error)"])
            }
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
