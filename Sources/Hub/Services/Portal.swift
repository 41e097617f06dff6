import CaseStore
import Disclosure
import Postgres
import Referral

/// Documents that a member of staff fetches, once, to hand them to whom they are for.
///
///     [portal]─▶ Decision again ─▶ taken out, acknowledged by who fetched it ─▶ bytes
///
/// One transaction, committed before the bytes leave. What may no longer leave is not given out but taken back, as it is when
/// nobody asks (``AcknowledgementKeeper``).
struct Portal: Sendable {
    /// What became of the wish for a document.
    enum Answer: Sendable {
        case document(FetchedDocument)
        /// Somebody has fetched it, or it was taken back.
        case gone
        /// It may no longer leave.
        case refused(ReasonCode)
    }

    private let database: Database
    private let store: CaseStore
    private let partners: OutboundPartners
    private let rules: PolicyRules

    init(_ installation: Installation) {
        let installation = installation.acting(as: .console)
        database = installation.database
        store = installation.store
        partners = installation.partners
        rules = installation.policy.inForce.serving
    }

    /// The documents that wait, the oldest first.
    func waiting() async throws -> [PortalDocument] {
        try await database.read { [store] in try store.portalDocuments(in: $0) }
    }

    /// Gives a document out.
    ///
    /// - Parameter actor: Who fetches it: the system that speaks for the person, a slash, the person's id there.
    func fetch(_ share: UUIDValue, by actor: String) async throws -> Answer {
        try await database.transaction { [store, partners, rules] connection -> Answer in
            let prepared = try store.prepareDelivered(share, isLocked: true, in: connection) {
                try partners.setup(of: $0.request.recipient, store, in: connection)
            }
            guard let prepared else { return .gone }
            let decision = Policy.decide(prepared.facts, rules: rules, tracing: false)
            guard decision.covers(prepared.share) else {
                _ = try store.takeOutOfPortal(share, in: connection)
                try store.takenBack(share, code: decision.code, in: connection)
                return .refused(decision.reason)
            }
            guard let document = try store.fetchFromPortal(share, by: actor, in: connection) else { return .gone }
            // Whatever was said of it before: this one has it.
            try store.enterView(of: prepared.share, by: actor, in: connection)
            return .document(document)
        }
    }
}

extension Decision {
    /// Whether what was released before may still leave, and is not more than may.
    func covers(_ share: Share) -> Bool {
        mayLeave && Set(share.released.compactMap(FieldGroup.init)).isSubset(of: released)
    }
}
