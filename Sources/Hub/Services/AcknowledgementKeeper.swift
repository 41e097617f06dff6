import CaseStore
import Channels
import Disclosure
import Logging
import Postgres
import ServiceLifecycle

/// Follows what was delivered until its recipient has it: asks the channels that can tell, and shows staff what is late.
///
/// A pass that fails is tried again at the next; any number of nodes may run it.
struct AcknowledgementKeeper: Service {
    /// Between two looks at one share: at first, and once it is hours old.
    static let looks = (shortest: Duration.seconds(10), longest: Duration.seconds(300))
    /// Questions to channels at once.
    private static let atOnce = 8
    /// Between two tries to end a conversation.
    private static let closingPause = Duration.seconds(300)

    let database: Database
    let store: CaseStore
    let partners: OutboundPartners
    private let rules: PolicyRules
    let extracts: ExtractGate
    let metrics: Metrics
    let logger: Logger

    init(_ installation: Installation) {
        let installation = installation.acting(as: .worker)
        extracts = ExtractGate(installation)
        database = installation.database
        store = installation.store
        partners = installation.partners
        rules = installation.policy.inForce.serving
        metrics = installation.metrics
        logger = installation.logger
    }

    /// One loop for each partner, so that one that is slow keeps nobody else waiting.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    await self.again {
                        try await self.database.transaction {
                            _ = try self.store.showLate(in: $0)
                            try self.store.emptyPortal(in: $0)
                            try self.store.showLateExtracts(in: $0)
                        }
                    }
                }
                for recipient in self.partners.configured {
                    group.addTask {
                        await self.again {
                            try await self.follow(recipient)
                            try await self.close(recipient)
                        }
                    }
                    group.addTask { await self.again { try await self.followExtracts(recipient) } }
                }
            }
        }
    }

    private func again(_ pass: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await pass()
            } catch is CancellationError {
                return
            } catch {
                logger.warning("acknowledgements are looked at again", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(2))
        }
    }

    /// Asks about everything of one partner that is due now.
    private func follow(_ recipient: String) async throws {
        while !Task.isCancelled {
            let due = try await database.transaction { [store] connection in
                try store.takeTracked(
                    of: recipient, shortest: Self.looks.shortest, longest: Self.looks.longest, limit: Self.atOnce,
                    in: connection)
            }
            guard !due.isEmpty else { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for share in due { group.addTask { try await look(at: share) } }
                try await group.waitForAll()
            }
        }
    }

    /// Ends the conversations with one partner whose last word is on record.
    private func close(_ recipient: String) async throws {
        let due = try await database.transaction { [store] connection in
            try store.takeClosing(of: recipient, pause: Self.closingPause, limit: Self.atOnce, in: connection)
        }
        for tracked in due {
            guard let channel = partners.channel(tracked.channel, of: tracked.recipient) else { continue }
            guard await channel.close(tracked.reference) else {
                logger.debug("a conversation could not be ended", metadata: ["share": "\(tracked.share)"])
                continue
            }
            try await database.transaction { [store] in try store.closed(tracked, in: $0) }
        }
    }

    private func look(at tracked: TrackedShare) async throws {
        guard let channel = partners.channel(tracked.channel, of: tracked.recipient) else { return }
        let progress = await channel.progress(of: tracked.reference)
        switch progress {
        case .waiting where tracked.kind == .fetched: try await takeBack(tracked, from: channel)
        case .waiting:
            guard let pause = channel.interval(of: tracked.reference), pause > Self.looks.shortest else { break }
            try await database.transaction { [store] in
                try store.postpone(tracked.share, until: .now() + pause, in: $0)
            }
        case .unavailable(let code, _):
            logger.debug("a channel could not tell", metadata: ["share": "\(tracked.share)", "code": "\(code)"])
        case .complete:
            try await database.transaction { [store] connection in
                switch tracked.kind {
                case .meshTracking, .fetched, .response:
                    let told = AcknowledgementTold(.taken, by: AcknowledgementTold.channel)
                    try store.acknowledge(tracked.share, told, in: connection)
                case .reply, .manual: try store.endTracking(tracked.share, in: connection)
                }
            }
            metrics.count(.acknowledgements, "complete")
        case .refused(let code, _):
            _ = try await database.transaction { [store] connection in
                try store.acknowledge(
                    tracked.share, AcknowledgementTold(.refused, code: code, by: AcknowledgementTold.channel),
                    in: connection)
            }
            metrics.count(.acknowledgements, "refused")
        case .failed(let code, _):
            _ = try await database.transaction { [store] connection in
                try store.returned(tracked.share, reference: tracked.reference, code: code, in: connection)
            }
            metrics.count(.acknowledgements, "failed")
        }
    }

    /// Takes what nobody has fetched out of the channel, if it might no longer leave.
    private func takeBack(_ tracked: TrackedShare, from channel: any OutboundChannel) async throws {
        let judged = try await database.read { [store, partners, rules] connection -> Decision? in
            let prepared = try store.prepareDelivered(tracked.share, in: connection) {
                try partners.setup(of: $0.request.recipient, store, in: connection)
            }
            guard let prepared else { return nil }
            let decision = Policy.decide(prepared.facts, rules: rules, tracing: false)
            // What lies there may have become too much, too.
            return decision.covers(prepared.share) ? nil : decision
        }
        guard let judged else { return }
        switch await channel.withdraw(tracked.reference) {
        case .removed:
            try await database.transaction { [store] in
                try store.takenBack(tracked.share, code: judged.code, in: $0)
            }
            metrics.count(.acknowledgements, "taken_back")
        case .alreadyFetched:
            _ = try await database.transaction { [store] in
                try store.acknowledge(
                    tracked.share, AcknowledgementTold(.taken, by: AcknowledgementTold.channel), in: $0)
            }
        case .impossible: break
        case .unknown(let code, _):
            logger.warning(
                "what may no longer leave could not be taken back yet",
                metadata: ["share": "\(tracked.share)", "code": "\(code)"])
        }
    }
}
