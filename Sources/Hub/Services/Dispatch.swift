import CaseStore
import Channels
import Crypto
import Disclosure
import Logging
import MessageQueue
import Postgres
import Referral
import Translation

/// The whole way out, for one partner.
///
///     [queue out.<partner>]─▶ Decision again ─▶ Release ─▶ Rendered ─▶ Delivery ─▶ ledger entry
///
/// Three steps, each durable before the next: the decision of this moment with the ledger entry of the release; the
/// bytes; the outcome with the acknowledgement. A crash between them repeats the delivery under the same id, by which
/// the receiver recognises it.
struct Dispatch: Sendable {
    /// The queue of what is to leave for `recipient`.
    static func queueName(_ recipient: String) -> String { "out.\(recipient)" }

    private let recipient: String
    private let database: Database
    private let store: CaseStore
    private let queue: MessageQueue
    private let partners: OutboundPartners
    private let sender: ReleaseSender
    private let metrics: Metrics
    private let logger: Logger

    init(to recipient: String, _ installation: Installation) {
        self.recipient = recipient
        database = installation.database
        store = installation.store
        queue = installation.queue
        partners = installation.partners
        sender = installation.sender
        metrics = installation.metrics
        logger = installation.logger
    }

    /// Works on one message of the partner's queue.
    func work(_ lease: Lease) async -> LeaseOutcome {
        guard let share = UUIDValue(String(decoding: lease.payload, as: UTF8.self)) else {
            return .deadLetter(Cause(code: "payload_unknown", text: "The message does not name a share"))
        }
        do {
            switch try await release(share, lease) {
            case .settled: return .acknowledged
            case .impossible(let cause): return try await giveUp(share, lease, cause)
            case .ready(let released):
                let outcome = await released.channel.deliver(released.delivery)
                return try await settle(share, lease, released, outcome)
            }
        } catch is LeaseLost {
            metrics.count(.fencedOutcomes, Self.queueName(recipient))
            return .acknowledged
        } catch let error as PostgresError {
            return .retry(Cause(code: "database", text: error.description), after: nil)
        } catch {
            logger.error("dispatch failed", metadata: ["share": "\(share)", "error": "\(type(of: error))"])
            return .retry(Cause(code: "internal", text: "\(type(of: error))"), after: nil)
        }
    }

    private struct Released: Sendable {
        var attempt: Int
        var channel: any OutboundChannel
        var delivery: Delivery
    }

    private enum Step: Sendable {
        /// Nothing is to leave, and the queue knows.
        case settled
        /// It can never leave in this form.
        case impossible(Cause)
        case ready(Released)
    }

    /// Decides once more and writes the release on the ledger, in one transaction that holds the agreement's rows.
    private func release(_ share: UUIDValue, _ lease: Lease) async throws -> Step {
        try await database.transaction { [self] connection in
            let setup = partners.setup(of: recipient)
            guard let prepared = try store.prepareSending(of: share, recipient: setup, in: connection) else {
                // Cancelled, or delivered by an attempt whose acknowledgement was lost.
                return try acknowledged(lease, connection)
            }
            let decision = Policy.decide(prepared.facts, rules: .serving, tracing: false)
            metrics.count(.decisions, decision.outcome.rawValue)
            guard decision.outcome.releases else {
                try store.stop(prepared, decision: decision, in: connection)
                return try acknowledged(lease, connection)
            }
            guard let adapter = partners.adapter(recipient),
                let outbound = adapter.outbound(for: prepared.share.request.purpose),
                let channel = partners.channel(to: recipient)
            else {
                return .impossible(Cause(code: "channel_not_configured", text: "No channel is set up for this purpose"))
            }
            let rendered: Rendered
            do {
                rendered = try Renderer(adapter: adapter, outbound: outbound).render(
                    prepared.release(decision, from: sender))
            } catch {
                return .impossible(Cause(code: "render_failed", text: "The document for this partner cannot be made"))
            }
            let hash = Array(SHA256.hash(data: rendered.bytes))
            let attempt = try store.beginRelease(of: prepared, decision: decision, bytesHash: hash, in: connection)
            return .ready(
                Released(
                    attempt: attempt,
                    channel: channel,
                    delivery: Delivery(
                        id: share.description,
                        attempt: attempt,
                        recipient: recipient,
                        bytes: rendered.bytes,
                        mediaType: rendered.mediaType,
                        fileName: rendered.fileName
                    )
                )
            )
        }
    }

    private func acknowledged(_ lease: Lease, _ connection: Connection) throws -> Step {
        guard try queue.acknowledge(lease, in: connection) else { throw LeaseLost() }
        return .settled
    }

    /// Writes what came of the bytes, together with the queue's own state.
    private func settle(
        _ share: UUIDValue, _ lease: Lease, _ released: Released, _ outcome: DeliveryOutcome
    ) async throws -> LeaseOutcome {
        switch outcome {
        case .delivered(let reference):
            metrics.count(.deliveries, "delivered")
            return try await finish(share, lease, released, .delivered(reference: reference))
        case .duplicate(let reference):
            metrics.count(.deliveries, "duplicate")
            return try await finish(share, lease, released, .delivered(reference: reference))
        case .retryable(let code, let text, let after):
            metrics.count(.deliveries, "retryable")
            return try await tryAgain(share, lease, released, .retry(code: code), Cause(code: code, text: text), after)
        case .unknown(let code, let text):
            metrics.count(.deliveries, "unknown")
            return try await tryAgain(share, lease, released, .unknown(code: code), Cause(code: code, text: text), nil)
        case .rejected(let code, let text):
            metrics.count(.deliveries, "rejected")
            let cause = Cause(code: code, text: text)
            return try await database.transaction { [self] connection in
                try store.finishRelease(
                    of: share, attempt: released.attempt, outcome: .rejected(code: code), in: connection)
                return try deadLetter(share, lease, cause, connection)
            }
        }
    }

    private func finish(
        _ share: UUIDValue, _ lease: Lease, _ released: Released, _ outcome: ReleaseOutcome
    ) async throws -> LeaseOutcome {
        try await database.transaction { [self] connection in
            try store.finishRelease(of: share, attempt: released.attempt, outcome: outcome, in: connection)
            guard try queue.acknowledge(lease, in: connection) else { throw LeaseLost() }
            return .acknowledged
        }
    }

    private func tryAgain(
        _ share: UUIDValue, _ lease: Lease, _ released: Released, _ outcome: ReleaseOutcome, _ cause: Cause,
        _ after: Duration?
    ) async throws -> LeaseOutcome {
        try await database.transaction { [self] connection in
            try store.finishRelease(of: share, attempt: released.attempt, outcome: outcome, in: connection)
        }
        return .retry(cause, after: after)
    }

    private func giveUp(_ share: UUIDValue, _ lease: Lease, _ cause: Cause) async throws -> LeaseOutcome {
        try await database.transaction { [self] connection in
            try deadLetter(share, lease, cause, connection)
        }
    }

    /// Sets the message aside, marks the share failed and gives staff a work item, all or nothing.
    private func deadLetter(
        _ share: UUIDValue, _ lease: Lease, _ cause: Cause, _ connection: Connection
    ) throws -> LeaseOutcome {
        try store.fail(share, code: cause.code, in: connection)
        guard try queue.deadLetter(lease, cause: cause, in: connection) else { throw LeaseLost() }
        return .acknowledged
    }
}
