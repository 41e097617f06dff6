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
    /// The recipient's name; nil for one that is not in the register.
    package let recipientName: String?
    /// Every line of the order of evaluation that was tried; empty when no trace was asked for.
    package let trace: [RuleTrace]

    /// The decision in plain words, written to the person whom the data is about.
    package var explanation: String {
        let recipient = recipientName ?? "whoever asked"
        let answer =
            switch outcome {
            case .permit: "What was asked for may be shared with \(recipient)."
            case .permitReduced: "A part of what was asked for may be shared with \(recipient)."
            case .refer: "Nothing is shared with \(recipient) until a named person has decided."
            case .deny: "Nothing is shared with \(recipient)."
            }
        return "\(answer) \(reason.explanation)"
    }

    /// The decision and every line tried, a line each, for `--explain`.
    package var explained: String {
        var lines = ["\(outcome.rawValue) \(reason.rawValue)", explanation]
        lines += trace.map(\.line)
        return lines.joined(separator: "\n")
    }
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
