import CaseStore
import Channels
import Crypto
import Disclosure
import Logging
import MessageQueue
import Postgres
import Referral
import Translation

/// The way out of extracts, for one partner: in the partner's queue beside the shares.
///
///     [queue out.<partner>]─▶ Decision again ─▶ the package as it was made ─▶ Delivery ─▶ ledger entry
///                             (ExtractGate)                                              (settle)
///
/// As with shares (``Dispatch``), each step is durable before the next, and a crash between them repeats the delivery under
/// the same id. A judgement takes a second or two for some thousands of persons, so each has a transaction of its own.
struct ExtractDispatch: Sendable {
    /// What the payload of a message begins with that sends an extract; its id follows.
    static let mark = "extract:"

    private let recipient: String
    private let database: Database
    private let store: CaseStore
    private let queue: MessageQueue
    private let partners: OutboundPartners
    private let sender: ReleaseSender
    private let gate: ExtractGate
    private let keeper: OutcomeKeeper
    private let metrics: Metrics
    private let meter: PartnerMeter

    init(to recipient: String, _ installation: Installation) {
        let installation = installation.acting(as: .worker)
        self.recipient = recipient
        database = installation.database
        store = installation.store
        queue = installation.queue
        partners = installation.partners
        sender = installation.sender
        gate = ExtractGate(installation)
        keeper = OutcomeKeeper(logger: installation.logger)
        metrics = installation.metrics
        meter = installation.partnerMeter
    }

    private enum Fate: Sendable {
        /// Nothing is to leave, and the queue knows.
        case settled
        case impossible(Cause)
        case open(attempt: Int, OutboundPartners.Way, Delivery)
    }

    /// Works on one message.
    func work(_ id: UUIDValue, _ lease: Lease) async throws -> LeaseOutcome {
        let (fate, judged) = try await database.transaction { connection in
            try pass(id, lease, in: connection)
        }
        if let judged { metrics.count(.decisions, judged.rawValue) }
        switch fate {
        case .settled: return .acknowledged
        case .impossible(let cause): return try await giveUp(id, lease, cause)
        case .open(let attempt, let way, let delivery):
            return try await settle(id, lease, attempt, way, await way.channel.deliver(delivery))
        }
    }

    /// Judges once more, and enters the release or the refusal.
    private func pass(
        _ id: UUIDValue, _ lease: Lease, in connection: Connection
    ) throws -> (Fate, Disclosure.Outcome?) {
        func settled(_ judged: Disclosure.Outcome? = nil) throws -> (Fate, Disclosure.Outcome?) {
            guard try queue.acknowledge(lease, in: connection) else { throw LeaseLost() }
            return (.settled, judged)
        }
        guard let extract = try store.prepareSending(ofExtract: id, in: connection), let bytes = extract.bytes else {
            // Cancelled, or delivered by an attempt whose acknowledgement was lost.
            return try settled()
        }
        let judgement = try gate.judge(extract, in: connection)
        let outcome = judgement.decision.outcome
        if let refusal = judgement.refusal {
            try store.refuse(extract, judgement.decision, code: refusal, in: connection)
            return try settled(outcome.releases ? .deny : outcome)
        }
        guard let way = partners.way(for: extract.project) else {
            let cause = Cause(code: "channel_not_configured", text: "No channel is set up for this purpose")
            return (.impossible(cause), outcome)
        }
        if extract.mayHaveArrived, !way.mayRepeat { return (.impossible(.outcomeUnknown), outcome) }
        if Timestamp.now() > extract.expiresAt {
            let cause = Cause(code: CaseStore.deadlinePassed, text: "It is later than the partner has use for it")
            return (.impossible(cause), outcome)
        }
        try store.begin(
            extract, judgement.decision, bytesHash: Array(SHA256.hash(data: bytes)), in: connection)
        let delivery = Delivery(
            id: id.description, attempt: extract.attempt, recipient: recipient, bytes: bytes,
            mediaType: way.outbound.mediaType, fileName: extract.fileName(from: sender))
        return (.open(attempt: extract.attempt, way, delivery), outcome)
    }

    /// Writes what came of the bytes, together with the queue's own state.
    private func settle(
        _ id: UUIDValue, _ lease: Lease, _ attempt: Int, _ way: OutboundPartners.Way, _ outcome: DeliveryOutcome
    ) async throws -> LeaseOutcome {
        let ending = AttemptEnding(outcome, mayRepeat: way.mayRepeat)
        metrics.count(.deliveries, ending.name)
        let ended = EndedExtract(
            extract: id, attempt: attempt, outcome: ending.outcome, awaited: way.outbound.awaited)
        func end(isOver: Bool) async throws {
            try await remember(ended) { connection in
                try store.finish(ended, in: connection)
                guard try !isOver || queue.acknowledge(lease, in: connection) else { throw LeaseLost() }
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
            return try await giveUp(id, lease, cause, after: ended)
        }
    }

    /// Sets the message aside, marks the extract failed and gives staff a work item, all or nothing.
    private func giveUp(
        _ id: UUIDValue, _ lease: Lease, _ cause: Cause, after ended: EndedExtract? = nil
    ) async throws -> LeaseOutcome {
        @Sendable func settle(_ connection: Connection) throws {
            if let ended { try store.finish(ended, in: connection) }
            try store.fail(extract: id, code: cause.code, in: connection)
            guard try queue.deadLetter(lease, cause: cause, in: connection) else { throw LeaseLost() }
        }
        if let ended {
            try await remember(ended, settle)
        } else {
            try await database.transaction { try settle($0) }
        }
        return .acknowledged
    }

    private func remember(
        _ ended: EndedExtract, _ settle: @escaping @Sendable (Connection) throws -> Void
    ) async throws {
        try await keeper.keep {
            try await database.transaction { try settle($0) }
        } orElse: {
            try await database.transaction { [store] in try store.finish(ended, in: $0) }
        }
    }
}

extension PreparedExtract {
    /// The archive's name, the same on every attempt.
    fileprivate func fileName(from sender: ReleaseSender) -> String {
        ExtractPackage(
            id: id.description, purpose: project.purpose.rawValue,
            created: Instant(microseconds: madeAt.microseconds), sender: sender.id, files: []
        ).fileName
    }
}
