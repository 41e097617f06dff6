import Crypto
import Disclosure
import Ledger
import Postgres
import Referral
import Vault

/// A decision as it is kept: with the facts that it was taken on, sealed, so that it can be explained years later.
struct KeptDecision {
    let id = UUIDValue.v7()
    let share: UUIDValue
    let decision: Decision
    let stage: Stage
    let sealedFacts: [UInt8]
    /// What its ledger entry tells.
    let fields: [LedgerField: String]

    init(
        _ decision: Decision, _ facts: DisclosureFacts, of request: ShareRequest, key: DataKey, vault: Vault
    ) throws {
        let bytes = StrictJSON.write(facts.value)
        self.share = request.id
        self.decision = decision
        self.stage = facts.stage
        self.sealedFacts = vault.seal(bytes, with: key, context: Place.facts(id))
        var fields: [LedgerField: String] = [
            .share: request.id.description, .person: request.person.description, .recipient: request.recipient,
            .purpose: request.purpose, .level: decision.level?.rawValue ?? request.level,
            .stage: facts.stage.rawValue, .outcome: decision.outcome.rawValue, .reason: decision.reason.rawValue,
            .released: decision.released.words.joined(separator: " "),
            .clauses: decision.clauses.joined(separator: " "),
            .obligations: decision.obligations.map(\.rawValue).sorted().joined(separator: " "),
            .policyVersion: decision.policyVersion, .actor: "hub",
            .factsHash: hexadecimal(Array(SHA256.hash(data: bytes))),
        ]
        fields[.agreement] = decision.agreementID
        fields[.agreementVersion] = decision.agreementVersion.map(String.init)
        fields[.authority] = facts.request.authorityReference
        let approvals = facts.request.approvals
        if !approvals.isEmpty {
            fields[.approvals] = approvals.map { "\($0.rawValue)=\($1)" }.sorted().joined(separator: " ")
        }
        self.fields = fields
    }

    /// The statement that keeps decisions.
    static func inserting(_ kept: [KeptDecision]) -> SQL {
        """
        INSERT INTO record.decision (id, share, decided_at, stage, outcome, reason, policy_version, sealed_facts)
        SELECT *
        FROM unnest(
            \(kept.map(\.id)), \(kept.map(\.share)), \(kept.map { Timestamp($0.decision.at) }),
            \(kept.map(\.stage.rawValue)), \(kept.map(\.decision.outcome.rawValue)),
            \(kept.map(\.decision.reason.rawValue)), \(kept.map(\.decision.policyVersion)), \(kept.map(\.sealedFacts))
        )
        """
    }
}

extension Decision {
    var agreement: UUIDValue? { agreementID.flatMap(UUIDValue.init) }
}

extension Set<FieldGroup> {
    /// The names, in their order.
    var words: [String] { map(\.rawValue).sorted() }
}
