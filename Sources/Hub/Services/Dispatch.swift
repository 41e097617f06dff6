import CaseStore
import Channels
import Disclosure
import Logging
import MessageQueue
import Postgres
import Translation

/// The whole way out, for one partner.
///
///     [queue out.<partner>]─▶ Decision again ─▶ Release ─▶ Rendered ─▶ Delivery ─▶ ledger entry
///                             (ReleaseGate)                            (deliver)   (settle)
///
/// Three steps, each durable before the next: the decision of this moment with the ledger entry of the release; the
/// bytes; the outcome with the acknowledgement. A crash between them repeats the delivery under the same id, by which
/// the receiver recognises it.
///
/// The first step and the last share their transactions with the messages that come to them at the same moment.
struct Dispatch: Sendable {
    /// The queue of what is to leave for `recipient`.
    static func queueName(_ recipient: String) -> String { "out.\(recipient)" }

    /// The queue of what is to leave for `recipient` in a table with others, at a time of day.
    static func batchQueueName(_ recipient: String) -> String { "batch.\(recipient)" }

    /// Who is told by a queue; nil for the hub's own.
    static func recipient(ofQueue queue: String) -> String? {
        let prefix = [queueName(""), batchQueueName("")].first { queue.hasPrefix($0) }
        return prefix.map { String(queue.dropFirst($0.count)) }
    }

    private let recipient: String
    private let database: Database
    private let store: CaseStore
    private let queue: MessageQueue
    private let metrics: Metrics
    private let meter: PartnerMeter
    private let logger: Logger
    private let gate: Coalescer<ReleaseGate.Candidate, ReleaseGate.Passage>
    private let ending: Coalescer<Ended, Void>
    private let extracts: ExtractDispatch
    private let keeper: OutcomeKeeper
    private let batches: BatchDispatch

    init(to recipient: String, _ installation: Installation) {
        let installation = installation.acting(as: .worker)
        let database = installation.database
        let store = installation.store
        let queue = installation.queue
        self.recipient = recipient
        self.database = database
        self.store = store
        self.queue = queue
        metrics = installation.metrics
        meter = installation.partnerMeter
        logger = installation.logger
        extracts = ExtractDispatch(to: recipient, installation)
        keeper = OutcomeKeeper(logger: installation.logger)
        batches = BatchDispatch(to: recipient, from: installation.sender.id)
        let gate = ReleaseGate(installation)
        self.gate = Coalescer(on: database, maxBatch: 32, crowd: 32) { try gate.pass($0, in: $1) }
        ending = Coalescer(on: database, maxBatch: 64, crowd: 64) { batch, connection in
            try store.finishReleases(batch.map(\.release), in: connection)
            let over = batch.filter(\.isOver).map(\.lease)
            guard try queue.acknowledge(over, in: connection).isEmpty else { throw LeaseLost() }
            return batch.map { _ in }
        }
    }

    /// Works on one message of the partner's queue.
    func work(_ lease: Lease) async -> LeaseOutcome {
        let name = String(decoding: lease.payload, as: UTF8.self)
        let extract =
            name.hasPrefix(ExtractDispatch.mark)
            ? UUIDValue(String(name.dropFirst(ExtractDispatch.mark.count))) : nil
        let share = UUIDValue(name)
        do {
            if let extract { return try await extracts.work(extract, lease) }
            guard let share else {
                return .deadLetter(Cause(code: "payload_unknown", text: "The message does not name a share"))
            }
            let passage = try await gate.submit(ReleaseGate.Candidate(share: share, lease: lease))
            if let judged = passage.judged { metrics.count(.decisions, judged.rawValue) }
            switch passage.fate {
            case .settled: return .acknowledged
            case .impossible(let cause): return try await giveUp(share, lease, cause)
            case .leftOut(let cause, let outbound):
                let outcome = try await giveUp(share, lease, cause)
                await batches.leaveOut(share, code: cause.code, of: outbound)
                return outcome
            case .early(let until):
                let cause = Cause(code: "exercise_not_begun", text: "The day of the exercise's sheet has not come")
                return .retry(cause, after: until - Timestamp.now())
            case .open(let release):
                let outcome =
                    release.outbound.batch == nil
                    ? await release.channel.deliver(release.delivery) : await batches.deliver(release)
                return try await settle(share, lease, release, outcome)
            }
        } catch is LeaseLost {
            metrics.count(.fencedOutcomes, Self.queueName(recipient))
            return .acknowledged
        } catch let error as PostgresError {
            return .retry(Cause(code: "database", text: error.description), after: nil)
        } catch {
            logger.error("dispatch failed", metadata: ["message": "\(name)", "error": "\(type(of: error))"])
            return .retry(Cause(code: "internal", text: "\(type(of: error))"), after: nil)
        }
    }

    /// What came of the bytes, for the ledger; and whether that is the end of the message.
    private struct Ended: Sendable {
        var release: EndedRelease
        var lease: Lease
        var isOver: Bool
    }

    /// Writes what came of the bytes, together with the queue's own state.
    private func settle(
        _ share: UUIDValue, _ lease: Lease, _ release: ReleaseGate.Release, _ outcome: DeliveryOutcome
    ) async throws -> LeaseOutcome {
        let ending = AttemptEnding(outcome, mayRepeat: release.mayRepeat)
        metrics.count(.deliveries, ending.name)
        var awaited = release.awaited
        if case .delivered(let reference) = ending.outcome {
            awaited?.firstLook = reference.flatMap(release.channel.interval) ?? .zero
        }
        let ended = EndedRelease(
            share: share, attempt: release.attempt, outcome: ending.outcome, awaited: awaited)
        func end(isOver: Bool) async throws {
            try await remember(ended) { [ending = self.ending] in
                try await ending.submit(Ended(release: ended, lease: lease, isOver: isOver))
            }
        }
        switch ending.next {
        case .over:
            try await end(isOver: true)
            meter.note(.delivered, recipient)
            return .acknowledged
        case .again(let cause, let after):
            try await end(isOver: false)
            return .retry(cause, after: after)
        case .givenUp(let cause):
            return try await giveUp(share, lease, cause, after: ended)
        }
    }

    private func remember(_ release: EndedRelease, _ settle: () async throws -> Void) async throws {
        try await keeper.keep(settle) { [database, store] in
            try await database.transaction { try store.finishReleases([release], in: $0) }
        }
    }

    /// Sets the message aside, marks the share failed and gives staff a work item, all or nothing.
    private func giveUp(
        _ share: UUIDValue, _ lease: Lease, _ cause: Cause, after ended: EndedRelease? = nil
    ) async throws -> LeaseOutcome {
        func settle() async throws {
            try await database.transaction { [store, queue] connection in
                try store.finishReleases(ended.map { [$0] } ?? [], in: connection)
                try store.fail(share, code: cause.code, in: connection)
                guard try queue.deadLetter(lease, cause: cause, in: connection) else { throw LeaseLost() }
            }
        }
        if let ended { try await remember(ended, settle) } else { try await settle() }
        return .acknowledged
    }
}
