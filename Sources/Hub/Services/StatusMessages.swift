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
/// What may not be told at that moment, or is not how things stand any more, is not told. A crash in between repeats
/// the delivery under the same id, by which the receiver recognises it.
struct StatusMessages: Sendable {
    /// Deliveries under way at once to one partner.
    static let concurrency = 4

    /// For a day and a half, as for an interface that is down over a night.
    static let policy = QueuePolicy(
        maximumAttempts: 1_000, backOff: BackOff(base: .seconds(5), cap: .seconds(3_600)),
        deadline: .seconds(129_600), breaker: CircuitBreaker(failures: 5))

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
        let installation = installation.acting(as: .worker)
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
            guard let (told, messageID) = try await release(id) else { return .done }
            let delivery = Delivery(
                id: id.text, attempt: told.attempt, recipient: partner,
                bytes: StrictJSON.write(Self.document(told.outcome, messageID: messageID)),
                mediaType: "application/json")
            return try await settle(told, lease, await channel.deliver(delivery))
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

    private typealias Told = (outcome: ReferralOutcome, attempt: Int)

    /// The outcome, judged now and on the ledger before it is told, and the sender's own id of the submission, which
    /// goes with its document, or with the part of a file; nil when nothing is to be told.
    private func release(_ id: StatusMessageID) async throws -> (told: Told, messageID: String?)? {
        let found = try await database.transaction { [store, partner] connection -> (Told, SealedDocumentNames?)? in
            guard let told = try store.tell(id, to: partner, in: connection) else { return nil }
            return (told, try store.documentNames(ofReferral: told.outcome.referral, in: connection))
        }
        guard let (told, sealed) = found else { return nil }
        return (told, try sealed.map { try store.open($0).messageID })
    }

    /// `{message_id?, receipt_id, index, status, code?, at}`.
    private static func document(_ outcome: ReferralOutcome, messageID: String?) -> Value {
        var value = Receipts.value(of: outcome, forStaff: false)
        value["message_id"] = messageID.map(Value.string)
        value["receipt_id"] = .string(outcome.submission.description)
        return value
    }

    /// Writes what came of the bytes, together with the queue's own state.
    private func settle(_ told: Told, _ lease: Lease, _ delivered: DeliveryOutcome) async throws -> LeaseOutcome {
        let ending = AttemptEnding(delivered, mayRepeat: channel.recognisesRepeats)
        metrics.count(.statusMessages, ending.name)
        @Sendable func enter(in connection: Connection) throws {
            try store.endTelling(told.outcome, attempt: told.attempt, as: ending.outcome, in: connection)
        }
        try await keeper.keep {
            try await database.transaction { [queue] connection in
                try enter(in: connection)
                let isHeld =
                    switch ending.next {
                    case .over: try queue.acknowledge(lease, in: connection)
                    case .givenUp(let cause): try queue.deadLetter(lease, cause: cause, in: connection)
                    case .again: true
                    }
                guard isHeld else { throw LeaseLost() }
            }
        } orElse: {
            try await database.transaction { try enter(in: $0) }
        }
        if case .again(let cause, let after) = ending.next { return .retry(cause, after: after) }
        return .acknowledged
    }
}
