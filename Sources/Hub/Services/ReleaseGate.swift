import CaseStore
import Channels
import Crypto
import Disclosure
import MessageQueue
import Postgres
import Referral
import Translation

/// The gate that every document passes on its way out, several in one transaction.
///
/// Held back is what the policy does not permit at this moment, whatever it said when the share was asked for. What
/// passes has its entry on the ledger when the transaction commits, and not before may its bytes leave.
struct ReleaseGate: Sendable {
    /// A message of the partner's queue, and the share it names.
    struct Candidate: Sendable {
        var share: UUIDValue
        var lease: Lease
    }

    /// What becomes of a candidate, and what the policy said; nothing when there was nothing to judge.
    struct Passage: Sendable {
        var fate: Fate
        var judged: Disclosure.Outcome?
    }

    enum Fate: Sendable {
        /// Nothing is to leave, and the queue knows.
        case settled
        /// It can never leave in this form.
        case impossible(Cause)
        /// Its row does not hold by the sheet of an exercise.
        case leftOut(Cause, of: Outbound)
        /// Its exercise begins later than it did when the share was queued.
        case early(until: Timestamp)
        case open(Release)
    }

    /// An attempt that is on the ledger.
    struct Release: Sendable {
        var attempt: Int
        var person: UUIDValue
        var channel: any OutboundChannel
        var outbound: Outbound
        var delivery: Delivery
        /// What is awaited of the partner afterwards; nil when the channel's word is enough.
        var awaited: AwaitedAcknowledgement?
        /// Whether it may be sent again when it is unknown whether it arrived.
        var mayRepeat: Bool
    }

    private let store: CaseStore
    private let queue: MessageQueue
    private let partners: OutboundPartners
    private let sender: ReleaseSender
    private let rules: PolicyRules

    init(_ installation: Installation) {
        store = installation.store
        queue = installation.queue
        partners = installation.partners
        sender = installation.sender
        rules = installation.policy.inForce.serving
    }

    /// Decides about each candidate once more and enters the releases, under the locks of what they rest on.
    ///
    /// - Throws: ``LeaseLost`` when one of the messages that end here is another attempt's by now; nothing may commit.
    func pass(_ candidates: [Candidate], in connection: Connection) throws -> [Passage] {
        var setups: [String: RecipientSetup] = [:]
        let waiting = try store.prepareSending(of: candidates.map(\.share), in: connection) { share in
            let recipient = share.request.recipient
            if let known = setups[recipient] { return known }
            let setup = try partners.setup(of: recipient, store, in: connection)
            setups[recipient] = setup
            return setup
        }
        let prepared = Dictionary(uniqueKeysWithValues: waiting.map { ($0.share.id, $0) })
        var releases: [NewRelease] = []
        var over: [Lease] = []
        let passages = try candidates.map { candidate -> Passage in
            guard let share = prepared[candidate.share] else {
                // Cancelled, or delivered by an attempt whose acknowledgement was lost.
                over.append(candidate.lease)
                return Passage(fate: .settled, judged: nil)
            }
            let decision = Policy.decide(share.facts, rules: rules, tracing: false)
            guard decision.mayLeave else {
                try store.judge(share, decision: decision, in: connection)
                over.append(candidate.lease)
                return Passage(fate: .settled, judged: decision.outcome)
            }
            return Passage(fate: document(share, decision, entering: &releases), judged: decision.outcome)
        }
        try store.beginReleases(releases, in: connection)
        guard try queue.acknowledge(over, in: connection).isEmpty else { throw LeaseLost() }
        return passages
    }

    /// Renders what may leave.
    private func document(
        _ prepared: PreparedShare, _ decision: Decision, entering releases: inout [NewRelease]
    ) -> Fate {
        let way: OutboundPartners.Way
        switch partners.way(for: prepared, decision) {
        case .by(let found): way = found
        case .never(let cause): return .impossible(cause)
        }
        if prepared.mayHaveArrived && !way.mayRepeat {
            return .impossible(.outcomeUnknown)
        }
        let now = Timestamp.now()
        // Before the day: what was asked for an exercise that is over would wait for the next one's.
        if let sheet = way.outbound.sheet, prepared.share.request.grounds.authorityReference != sheet.exercise {
            let fault = SheetFault.exercise
            return .leftOut(Cause(code: fault.code, text: fault.text), of: way.outbound)
        }
        // What waits for a day has its time from that day on.
        let opens = way.outbound.batch?.opens.map { Timestamp(microseconds: $0.microseconds) }
        if let opens, now < opens { return .early(until: opens) }
        if way.outbound.sheet?.isClosed(at: Instant(microseconds: now.microseconds)) == true {
            return .impossible(Cause(code: "exercise_closed", text: "The last day of the exercise's sheet is over"))
        }
        if let queuedAt = prepared.share.queuedAt, now > max(queuedAt, opens ?? queuedAt) + way.outbound.deadline {
            return .impossible(Cause(code: "deadline_passed", text: "It is later than the partner has use for it"))
        }
        let rendered: Rendered
        do {
            rendered = try way.document(prepared.release(decision, from: sender))
        } catch let error as RenderError where error.fault != nil {
            return .leftOut(
                Cause(code: error.fault?.code ?? "", text: error.fault?.text ?? ""), of: way.outbound)
        } catch {
            return .impossible(Cause(code: "render_failed", text: "The document for this partner cannot be made"))
        }
        let release = NewRelease(
            prepared: prepared, decision: decision, bytesHash: Array(SHA256.hash(data: rendered.bytes)))
        releases.append(release)
        return .open(
            Release(
                attempt: release.attempt,
                person: prepared.share.request.person,
                channel: way.channel,
                outbound: way.outbound,
                delivery: Delivery(
                    id: prepared.share.id.description,
                    attempt: release.attempt,
                    recipient: prepared.share.request.recipient,
                    bytes: rendered.bytes,
                    mediaType: rendered.mediaType,
                    fileName: rendered.fileName,
                    subject: rendered.subject,
                    address: rendered.to,
                    workflow: way.outbound.workflow
                ),
                awaited: way.outbound.awaited,
                mayRepeat: way.mayRepeat
            )
        )
    }
}

extension Cause {
    /// It may have arrived, and the partner would take a repeat for another: a person asks it, and decides.
    static let outcomeUnknown = Cause(
        code: CaseStore.outcomeUnknown, text: "It may have arrived, and the partner does not recognise a repeat")
}

extension Outbound {
    /// What is awaited once a delivery was made; nil when its channel's word is enough.
    var awaited: AwaitedAcknowledgement? {
        let kind: AcknowledgementKind
        switch acknowledgement {
        case .transport, .hl7: return nil
        case .meshTracking: kind = .meshTracking
        case .fetched: kind = .fetched
        case .reply: kind = .reply
        case .response: kind = .response
        case .manual: kind = .manual
        }
        return AwaitedAcknowledgement(
            kind, within: acknowledgedWithin,
            isTracked: [.mesh, .sftp, .portal].contains(channel) || kind == .response)
    }
}
