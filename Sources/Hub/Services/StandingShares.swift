import CaseStore
import Disclosure
import MessageQueue
import Postgres
import Referral
import Translation

/// The content-based router of the way in: a referral with a need for which a partner has a document proposes a share to
/// that partner.
///
/// It is asked for at once where the person's agreement in force names this recipient and purpose, and nothing else stands
/// against it; it is judged again before it leaves, as every share. Where the permission is lacking that a person could
/// still give, staff are shown the proposal. Otherwise nothing happens: nobody is asked again about what they withdrew.
struct StandingShares: Sendable {
    /// Who asks for these shares.
    static let asker = "hub:standing"

    /// A way out with the needs that propose it.
    private struct Rule {
        var recipient: String
        var outbound: Outbound
    }

    private let rules: [Rule]
    private let policy: PolicyRules
    private let partners: OutboundPartners
    private let store: CaseStore
    private let queue: MessageQueue

    init(_ installation: Installation) {
        let partners = installation.partners
        rules = partners.configured.flatMap { recipient in
            (partners.adapter(recipient)?.outbound ?? []).filter { !$0.proposedFor.isEmpty }
                .map { Rule(recipient: recipient, outbound: $0) }
        }
        policy = installation.policy.inForce.serving
        self.partners = partners
        store = installation.store
        queue = installation.queue
    }

    /// Proposes what follows from referrals that are being stored in this transaction.
    ///
    /// - Returns: The queues in which a share waits now.
    func propose(
        for intake: [(record: IntakeRecord, results: [IntakeResult])], in connection: Connection
    ) throws -> Set<String> {
        guard !rules.isEmpty else { return [] }
        var requests: [ShareRequest] = []
        for (record, results) in intake {
            for (item, result) in zip(record.items, results) { requests += self.requests(for: item, result) }
        }
        // Whoever was found to be another person is asked about as that one, by staff.
        let merged = try store.merged(among: Set(requests.map(\.person)), in: connection)
        requests.removeAll { merged.contains($0.person) }
        guard !requests.isEmpty else { return [] }
        var setups: [String: RecipientSetup] = [:]
        for recipient in Set(requests.map(\.recipient)) {
            setups[recipient] = try partners.setup(of: recipient, store, in: connection)
        }
        let asked = try store.ask(requests, in: connection) { setups[$0.recipient] ?? RecipientSetup(channels: []) }
        var shares: [NewShare] = []
        var proposals: [NewWorkItem] = []
        for asked in asked.compactMap(\.self) {
            let decision = Policy.decide(asked.facts, rules: policy, tracing: false)
            if decision.mayLeave {
                shares.append(NewShare(asked, decision: decision))
            } else if Self.couldBePermitted.contains(decision.reason) {
                proposals.append(.proposal(of: asked.request))
            }
        }
        let messages = shares.map { partners.message(for: $0.asked.request) }
        for (index, id) in try queue.enqueue(messages, in: connection).enumerated() {
            shares[index].message = id.rawValue
        }
        _ = try store.create(shares, in: connection)
        try store.propose(proposals, in: connection)
        return Set(messages.map(\.queue))
    }

    /// The shares that a message which was stored just now proposes.
    private func requests(for item: IntakeItem, _ result: IntakeResult) -> [ShareRequest] {
        guard case .stored(let stored) = result, !stored.isRepeat, item.status == .accepted,
            let referral = item.referral,
            referral.type == .known(.referral)
        else { return [] }
        let proposing = rules.filter { rule in
            rule.outbound.proposedFor.contains { referral.needs.contains(.known($0)) }
        }
        return proposing.map { rule in
            let groups = policy.usualGroups(
                of: rule.outbound, for: rule.recipient, rule.outbound.purpose, at: Level.identifiable.rawValue)
            return ShareRequest(
                person: stored.person, referral: stored.id, recipient: rule.recipient, purpose: rule.outbound.purpose,
                groups: groups.map(\.rawValue), channel: rule.outbound.channel.rawValue, requestedBy: Self.asker)
        }
    }

    /// The reasons that the person can do something about: by agreeing.
    private static let couldBePermitted: Set<ReasonCode> = [
        .noAgreement, .agreementNotStarted, .agreementExpired, .purposeNotInAgreement, .agreementCoversDependantsOnly,
        .recipientNotInAgreement,
    ]
}

extension NewWorkItem {
    /// A share for staff to ask the person about.
    fileprivate static func proposal(of request: ShareRequest) -> NewWorkItem {
        NewWorkItem(
            kind: .proposedShare, code: request.purpose, referral: request.referral, person: request.person,
            partner: request.recipient)
    }
}
