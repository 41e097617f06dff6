/// One line of the order of evaluation (disclosure policy, section 6). The first that applies gives outcome and reason.
struct OrderLine: Sendable {
    let step: Int
    let outcome: Outcome
    let reason: ReasonCode
    /// The purposes for which the line is tried.
    let families: PurposeFamilies
    /// The facts that the line looks at, for the trace.
    let facts: @Sendable (Evaluation) -> String
    let applies: @Sendable (Evaluation) -> Bool

    /// The whole order, first line first. The last applies always, so that there is no way past the end.
    static let order: [OrderLine] =
        shape + recipient + record + dependants + death + restriction + objection + erasure
        + [notEnabled, supportEnded, levelNotForPurpose] + agreements + emergency + legal + planning + ipsos + research
        + rights
        + channel + extract + fields

    /// Whether the line is tried for a purpose. The shape is looked at before the purpose is known.
    func concerns(_ family: PurposeFamilies) -> Bool { step == 1 || !families.isDisjoint(with: family) }

    static func deny(
        _ step: Int, _ reason: ReasonCode, _ families: PurposeFamilies = .all,
        facts: @escaping @Sendable (Evaluation) -> String, when applies: @escaping @Sendable (Evaluation) -> Bool
    ) -> OrderLine {
        OrderLine(step: step, outcome: .deny, reason: reason, families: families, facts: facts, applies: applies)
    }

    static func refer(
        _ step: Int, _ reason: ReasonCode, _ families: PurposeFamilies = .all,
        facts: @escaping @Sendable (Evaluation) -> String, when applies: @escaping @Sendable (Evaluation) -> Bool
    ) -> OrderLine {
        OrderLine(step: step, outcome: .refer, reason: reason, families: families, facts: facts, applies: applies)
    }
}
