import CaseStore
import Disclosure
import Postgres
import Referral

/// Judges an extract once more at the moment at which it leaves: the project and its recipient as a whole, and everybody whose
/// data is in it.
///
/// It leaves as it was made or not at all: nobody is cut out of a package that waits.
struct ExtractGate: Sendable {
    /// What was decided.
    struct Judgement: Sendable {
        var decision: Decision
        /// Why it may not leave; nil where it may.
        var refusal: String?
    }

    /// Somebody in it may be in it no longer: an objection, a restriction, a death, an erasure, consent to linking taken back.
    static let cohortChanged = "cohort_changed"
    /// The rules that it was made under are in force no longer.
    static let policyChanged = "policy_changed"
    /// The rules let less pass than is in it.
    static let lessPermitted = "less_permitted"

    private let store: CaseStore
    private let partners: OutboundPartners
    private let rules: PolicyRules

    init(_ installation: Installation) {
        store = installation.store
        partners = installation.partners
        rules = installation.policy.inForce.extracting
    }

    /// Judges under the locks of everybody whose data is in it; they hold until the transaction ends.
    func judge(_ extract: PreparedExtract, in connection: Connection) throws -> Judgement {
        let project = extract.project
        let setup = try partners.setup(of: project.recipient, store, in: connection)
        let (candidates, at) = try store.cohort(of: extract.cohort, in: connection)
        func decide(_ subject: Subject, _ figures: ShareRequestFacts.Extract? = nil) -> Decision {
            let facts = project.facts(
                about: subject, isSuspended: setup.isSuspended, channels: setup.channels, extract: figures, at: at)
            return Policy.decide(facts, rules: rules, tracing: false)
        }
        var whole = Subject.anybody
        // As it was judged at the making: where somebody had not agreed to linking, not all that was asked for went.
        whole.hasIpsosLinkConsent = extract.released.contains(.link)
        let decision = decide(whole, extract.figures)
        func refused(_ code: String) -> Judgement { Judgement(decision: decision, refusal: code) }
        guard decision.outcome.releases else { return refused(decision.reason.rawValue) }
        guard decision.policyVersion == extract.policyVersion else { return refused(Self.policyChanged) }
        guard decision.level == extract.level, extract.released.isSubset(of: decision.released) else {
            return refused(Self.lessPermitted)
        }
        let permitted = candidates.filter { candidate in
            let decision = decide(candidate.subject)
            let mayBeLinked = project.purpose != .ipsosEvaluation || decision.released.contains(.link)
            return decision.outcome.releases && decision.level == extract.level
                && (mayBeLinked || !extract.linkable.contains(candidate.record.mark))
        }
        guard Set(permitted.map(\.record.mark)) == extract.cohort else { return refused(Self.cohortChanged) }
        return Judgement(decision: decision, refusal: nil)
    }
}
