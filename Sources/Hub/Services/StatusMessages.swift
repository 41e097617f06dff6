import CaseStore
import Channels
import Logging
import MessageQueue
import Postgres
import Referral

/// Tells a referrer's own system what became of its referrals, one message for each outcome that staff set.
///
///     [queue status.<partner>]─▶ judged again, on the ledger ─▶ Delivery ─▶ ledger entry
///
/// What may not be told at that moment, or is not how things stand any more, is not told. A crash in between repeats the
/// delivery under the same id, by which the receiver recognises it.
struct StatusMessages: Sendable {
    /// Deliveries under way at once to one partner.
    static let concurrency = 4

    /// Over a day and a half, as for an interface that is down over a night.
    static let policy = QueuePolicy(
        maximumAttempts: 48, backOff: BackOff(base: .seconds(5), cap: .seconds(3_600)),
        breaker: CircuitBreaker(failures: 5))

    private static let queuePrefix = "status."

    /// The queue of what a partner is to be told.
    static func queueName(_ partner: String) -> String { queuePrefix + partner }

    /// Who is told by a queue; nil for every other queue.
    static func partner(ofQueue queue: String) -> String? {
        queue.hasPrefix(queuePrefix) ? String(queue.dropFirst(queuePrefix.count)) : nil
    }

    private let partner: String
    private let channel: any OutboundChannel
    private let database: Database
    private let store: CaseStore
    private let queue: MessageQueue
    private let keeper: OutcomeKeeper
    private let metrics: Metrics
    private let logger: Logger

    init(to partner: String, by channel: any OutboundChannel, _ installation: Installation) {
        self.partner = partner
        self.channel = channel
        database = installation.database
        store = installation.store
        queue = installation.queue
        keeper = OutcomeKeeper(logger: installation.logger)
        metrics = installation.metrics
        logger = installation.logger
    }

    /// Works on one message of the partner's queue.
    func work(_ lease: Lease) async -> LeaseOutcome {
        guard let id = StatusMessageID(String(decoding: lease.payload, as: UTF8.self)) else {
            return .deadLetter(Cause(code: "payload_unknown", text: "The message names no outcome"))
        }
        do {
            guard let (outcome, messageID) = try await release(id) else { return .done }
            let delivery = Delivery(
                id: id.text, attempt: lease.attempt, recipient: partner,
                bytes: StrictJSON.write(Self.document(outcome, messageID: messageID)), mediaType: "application/json")
            return try await settle(outcome, lease, await channel.deliver(delivery))
        } catch is LeaseLost {
            metrics.count(.fencedOutcomes, Self.queueName(partner))
            return .acknowledged
        } catch let error as PostgresError {
            return .retry(Cause(code: "database", text: error.description), after: nil)
        } catch {
            logger.error("a status message failed", metadata: ["message": "\(id.text)", "error": "\(type(of: error))"])
            return .retry(Cause(code: "internal", text: "\(type(of: error))"), after: nil)
        }
    }

    /// The outcome, judged now and on the ledger before it is told, and the sender's own id of the submission, which goes
    /// with its document; nil when nothing is to be told.
    private func release(_ id: StatusMessageID) async throws -> (outcome: ReferralOutcome, messageID: String?)? {
        let found = try await database.transaction { [store, partner] connection in
            let outcome = try store.outcomes(ofSubmission: id.submission, in: connection).first { id.names($0) }
            guard let outcome, outcome.refusal == nil, outcome.sender == partner else {
                return nil as (ReferralOutcome, SealedDocument?)?
            }
            try store.noteTold([outcome], in: connection)
            return (outcome, try store.documents([id.submission], in: connection)[id.submission])
        }
        guard let (outcome, sealed) = found else { return nil }
        return (outcome, try sealed.map { try store.open($0).messageID })
    }

    /// `{message_id?, receipt_id, index, status, code?, at}`.
    static func document(_ outcome: ReferralOutcome, messageID: String?) -> Value {
        var value = Receipts.value(of: outcome, forStaff: false)
        value["message_id"] = messageID.map(Value.string)
        value["receipt_id"] = .string(outcome.submission.description)
        return value
    }

    private func settle(
        _ outcome: ReferralOutcome, _ lease: Lease, _ delivered: DeliveryOutcome
    ) async throws -> LeaseOutcome {
        let ending = AttemptEnding(delivered, mayRepeat: channel.recognisesRepeats)
        metrics.count(.statusMessages, ending.name)
        try await keeper.keep {
            try await database.transaction { [store, queue] connection in
                try store.noteAttempt(lease.attempt, toTell: outcome, ended: ending.outcome, in: connection)
                guard case .over = ending.next else { return }
                guard try queue.acknowledge([lease], in: connection).isEmpty else { throw LeaseLost() }
            }
        } orElse: {
            try await database.transaction { [store] connection in
                try store.noteAttempt(lease.attempt, toTell: outcome, ended: ending.outcome, in: connection)
            }
        }
        return switch ending.next {
        case .over: .acknowledged
        case .again(let cause, let after): .retry(cause, after: after)
        case .givenUp(let cause): .deadLetter(cause)
        }
    }
}
