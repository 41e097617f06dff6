package import Referral

extension Decision {
    /// The decision in plain words, written to the person whom the data is about: who asked, what for, what goes, what does
    /// not, and why.
    ///
    /// - Parameter rules: Those that the decision was taken by; they name the groups.
    package func explanation(by rules: PolicyRules) -> String {
        var sentences: [String] = []
        if recipientName == "you" {
            sentences.append("You asked for facts about you.")
        } else {
            let who = recipientName.map { $0.prefix(1).uppercased() + $0.dropFirst() } ?? "Somebody not on our list"
            sentences.append("\(who) asked for facts about you.")
        }
        sentences.append(purpose.map { "It is for \($0.words)." } ?? "They gave no use that we know.")
        if level == .anonymised { sentences.append("People are only counted. No one can see who you are.") }
        if level == .pseudonymised { sentences.append("They do not get your name.") }
        switch outcome {
        case .permit: sentences.append("They may have \(Self.list(released, rules)).")
        case .permitReduced:
            sentences.append("They may have \(Self.list(released, rules)).")
            if !withheld.isEmpty { sentences.append("They do not get \(Self.list(withheld, rules)).") }
        case .refer:
            sentences.append("For now they get nothing. A person here must say yes or no first.")
        case .deny:
            sentences.append("They get nothing.")
        }
        return (sentences + [reason.explanation]).joined(separator: " ")
    }

    /// The decision and every line tried, a line each, for `--explain`.
    package func explained(by rules: PolicyRules) -> String {
        var lines = ["\(outcome.rawValue) \(reason.rawValue)", explanation(by: rules)]
        lines += trace.map(\.line)
        return lines.joined(separator: "\n")
    }

    /// Names of groups in the order of the groups, as `your name, your address and your money`.
    private static func list(_ groups: Set<FieldGroup>, _ rules: PolicyRules) -> String {
        let names = FieldGroup.allCases.filter(groups.contains).map { rules.groupNames[$0] ?? $0.rawValue }
        guard let last = names.last, names.count > 1 else { return names.first ?? "nothing" }
        return "\(names.dropLast().joined(separator: ", ")) and \(last)"
    }

    /// The decision for machines. The keys are these and stay; a later version may add some.
    ///
    /// `format` 1, `outcome`, `reason`, `explanation`, `purpose`, `level`, `recipient`, `released`, `withheld`,
    /// `obligations`, `clauses`, `agreement` (`id`, `version`), `policy_version`, `at`, `queue`, `needs_second_person`,
    /// `awaits_second_person`, and `tried`: for each line of the order of evaluation that was tried `step`, `rule`, `facts`
    /// and `applied`. What there is none of is null, or an empty list.
    package func value(by rules: PolicyRules) -> Value {
        [
            "format": 1,
            "outcome": .string(outcome.rawValue),
            "reason": .string(reason.rawValue),
            "explanation": .string(explanation(by: rules)),
            "purpose": purpose.map { .string($0.rawValue) } ?? .null,
            "level": level.map { .string($0.rawValue) } ?? .null,
            "recipient": recipientName.map(Value.string) ?? .null,
            "released": Self.words(released),
            "withheld": Self.words(withheld),
            "obligations": Self.words(obligations),
            "clauses": .array(clauses.map(Value.string)),
            "agreement": agreementID.map { id in
                ["id": .string(id), "version": agreementVersion.map { .number(String($0)) } ?? .null]
            } ?? .null,
            "policy_version": .string(policyVersion),
            "at": .string(at.rfc3339),
            "queue": queue.map { .string($0.rawValue) } ?? .null,
            "needs_second_person": .bool(needsSecondPerson),
            "awaits_second_person": .bool(awaitsSecondPerson),
            "tried": .array(
                trace.map { line in
                    [
                        "step": .number(String(line.step)), "rule": .string(line.rule.rawValue),
                        "facts": .string(line.facts), "applied": .bool(line.applied),
                    ]
                }),
        ]
    }

    private static func words<Word: RawRepresentable<String>>(_ words: Set<Word>) -> Value {
        .array(words.map(\.rawValue).sorted().map(Value.string))
    }
}

extension Purpose {
    /// The purpose as it is told to the person, after "It is for".
    var words: String {
        switch self {
        case .careSupport: "your care"
        case .supportReferral: "help for you"
        case .benefitsSupport: "help with your money"
        case .housingSupport: "help with your home"
        case .emergency: "help in an emergency"
        case .safeguarding: "keeping people safe"
        case .fraudPrevention: "stopping people who cheat"
        case .legalStatutory: "something that a law or a court asks for"
        case .nfi: "a check by the country that finds people who cheat"
        case .researchEvaluation: "a study of how well our help works"
        case .ipsosEvaluation: "a study of help for young people in care"
        case .healthPlanning: "planning of health care"
        case .subjectNotice: "news about the help you get"
        case .subjectRights: "your right to see what we hold"
        case .rightsNotice: "putting right what they were told before"
        }
    }
}
