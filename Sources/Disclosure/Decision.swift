package import Referral

/// The answer to a share: what may leave, why, and what must be done with it (disclosure policy, section 2).
package struct Decision: Sendable, Hashable {
    package let outcome: Outcome
    package let reason: ReasonCode
    /// The level of what leaves; nil when nothing does.
    package let level: Level?
    package let released: Set<FieldGroup>
    /// Asked for and not released.
    package let withheld: Set<FieldGroup>
    package let obligations: Set<Obligation>
    /// The clauses of the notice that were used.
    package let clauses: [String]
    /// The agreement that was looked at, also where it permits nothing.
    package let agreementID: String?
    package let agreementVersion: Int?
    package let policyVersion: String
    package let at: Instant
    /// What becomes of the queued share; nil when it is only being asked for.
    package let queue: QueueAction?
    /// Whether a second named person has to approve before it leaves: for the National Fraud Initiative, identifiable
    /// research, and legal purposes to a body outside the register.
    package let needsSecondPerson: Bool
    /// Whether it is permitted, needs a second person, and fewer than two have approved.
    package let awaitsSecondPerson: Bool
    /// Nil unless exactly one was asked for, and it is known.
    package let purpose: Purpose?
    /// The recipient's name; nil for one that is not in the register.
    package let recipientName: String?
    /// Every line of the order of evaluation that was tried; empty when no trace was asked for.
    package let trace: [RuleTrace]

    /// Whether the share may leave now: it is permitted, and by as many people as it needs.
    package var mayLeave: Bool { outcome.releases && !awaitsSecondPerson }
}

/// A line of the order of evaluation that was tried.
package struct RuleTrace: Sendable, Hashable {
    /// The step of section 6.
    package let step: Int
    /// The reason that the line gives where it applies.
    package let rule: ReasonCode
    /// The facts that it looked at. They hold dates and references, no name or address.
    package let facts: String
    /// Whether it applied, and so decided.
    package let applied: Bool

    /// The trace as a line of text.
    package var line: String {
        let name = rule.rawValue + String(repeating: " ", count: max(0, 32 - rule.rawValue.count))
        return "\(step < 10 ? " " : "")\(step)  \(applied ? "applies" : "passed ")  \(name)  \(facts)"
    }
}
