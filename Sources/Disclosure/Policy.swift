import Referral

/// The disclosure policy: a pure function from facts to a decision. No clock, no database, no network.
package enum Policy {
    /// Decides whether something may leave, how much, and why. What is not permitted by a rule is refused.
    ///
    /// It is called when a share is asked for and again before every attempt to send it; only the answer of that moment
    /// counts (section 2 of the policy).
    ///
    /// - Parameter tracing: whether the decision lists every line tried, which takes several times as long.
    package static func decide(
        _ facts: DisclosureFacts, rules: PolicyRules = .notice, tracing: Bool = true
    ) -> Decision {
        let evaluation = Evaluation(facts, rules)
        let family = evaluation.family
        var trace: [RuleTrace] = []
        for line in OrderLine.order where line.concerns(family) {
            let applies = line.applies(evaluation)
            if tracing {
                trace.append(
                    RuleTrace(step: line.step, rule: line.reason, facts: line.facts(evaluation), applied: applies))
            }
            if applies {
                return decision(line.outcome, line.reason, evaluation, trace)
            }
        }
        return decision(.deny, .evaluationError, evaluation, trace)
    }

    private static func decision(
        _ outcome: Outcome, _ reason: ReasonCode, _ evaluation: Evaluation, _ trace: [RuleTrace]
    ) -> Decision {
        let facts = evaluation.facts
        let released = outcome.releases ? evaluation.released : []
        let agreement = evaluation.permission?.agreement
        let needsSecondPerson = needsSecondPerson(evaluation)
        let awaitsSecondPerson = outcome.releases && needsSecondPerson && facts.request.approvers.count < 2
        return Decision(
            outcome: outcome,
            reason: reason,
            level: outcome.releases ? evaluation.level : nil,
            released: released,
            withheld: facts.request.groups.subtracting(released),
            obligations: obligations(of: outcome, evaluation),
            clauses: clauses(of: reason, evaluation),
            agreementID: agreement?.id,
            agreementVersion: agreement?.version,
            policyVersion: evaluation.rules.version,
            at: facts.at,
            queue: facts.stage == .send ? queueAction(for: outcome, awaitsSecondPerson) : nil,
            needsSecondPerson: needsSecondPerson,
            awaitsSecondPerson: awaitsSecondPerson,
            purpose: evaluation.purpose,
            recipientName: evaluation.recipientName,
            trace: trace)
    }

    private static func obligations(of outcome: Outcome, _ evaluation: Evaluation) -> Set<Obligation> {
        outcome.releases ? evaluation.row?.obligations ?? [] : []
    }

    /// The clauses of the purpose's row, then those of the reason.
    private static func clauses(of reason: ReasonCode, _ evaluation: Evaluation) -> [String] {
        let row = evaluation.row?.clauses ?? []
        return row + reason.clauses.filter { !row.contains($0) }
    }

    private static func queueAction(for outcome: Outcome, _ awaitsSecondPerson: Bool) -> QueueAction {
        switch outcome {
        case .permit, .permitReduced: awaitsSecondPerson ? .park : .go
        case .refer: .park
        case .deny: .cancel
        }
    }

    private static func needsSecondPerson(_ evaluation: Evaluation) -> Bool {
        switch evaluation.purpose {
        case .nfi: true
        case .researchEvaluation: evaluation.level == .identifiable
        case .safeguarding, .fraudPrevention, .legalStatutory: evaluation.unlisted == .publicBody
        default: false
        }
    }
}
