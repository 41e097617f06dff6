package import Referral

/// A file of worked cases, run against the policy (disclosure policy, section 15).
package struct CaseFile: Sendable {
    private let cases: [Value]

    /// Runs every case of a file. No case is ever passed over: one that cannot be read has failed.
    package static func run(_ value: Value, rules: PolicyRules = .notice) -> [CaseResult] {
        guard let file = CaseFile(value) else {
            return [
                CaseResult(
                    id: "file",
                    differences: [
                        .init(key: "cases", expected: "a list of cases, file version 1", got: "something else")
                    ])
            ]
        }
        return file.cases.map { run(case: $0, rules) }
    }

    /// The decision of one case with every line tried; nil when the file has no such case.
    package static func explain(_ id: String, in value: Value, rules: PolicyRules = .notice) -> String? {
        guard let found = CaseFile(value)?.cases.first(where: { $0["id"]?.textValue == id }) else { return nil }
        return Policy.decide(DisclosureFacts.read(found).facts, rules: narrowed(rules, found)).explained(by: rules)
    }

    /// The same as ``Decision/value(by:)``, for machines.
    package static func value(of id: String, in value: Value, rules: PolicyRules = .notice) -> Value? {
        guard let found = CaseFile(value)?.cases.first(where: { $0["id"]?.textValue == id }) else { return nil }
        return Policy.decide(DisclosureFacts.read(found).facts, rules: narrowed(rules, found)).value(by: rules)
    }

    private init?(_ value: Value) {
        guard value["version"].map({ $0.intValue == 1 }) ?? true, let cases = value["cases"]?.arrayValue else {
            return nil
        }
        self.cases = cases
    }

    private static func run(case value: Value, _ rules: PolicyRules) -> CaseResult {
        let (facts, unknownKeys) = DisclosureFacts.read(value)
        let decision = Policy.decide(facts, rules: narrowed(rules, value), tracing: false)
        var differences = unknownKeys.map { CaseResult.Difference(key: $0, expected: "a known key", got: "another") }
        let expected = value["expect"]?.objectValue ?? [:]
        for key in ["decision", "reason"] where expected[key] == nil {
            differences.append(.init(key: "expect.\(key)", expected: "a value", got: "none"))
        }
        for (key, value) in expected { differences += difference(key, value, decision) }
        return CaseResult(id: value["id"]?.textValue ?? "without id", decision: decision, differences: differences)
    }

    /// The rules with only those purposes in use that a case lists under `purposes_in_use`; all of them where it lists none.
    private static func narrowed(_ rules: PolicyRules, _ value: Value) -> PolicyRules {
        guard let inUse = value["purposes_in_use"] else { return rules }
        var rules = rules
        let words = (inUse.arrayValue ?? []).compactMap(\.stringValue)
        rules.enabledPurposes.formIntersection(words.compactMap(Purpose.init))
        return rules
    }

    /// Empty when the decision has what a case expects under a key.
    private static func difference(_ key: String, _ expected: Value, _ decision: Decision) -> [CaseResult.Difference] {
        let got: Value? =
            switch key {
            case "decision": .string(decision.outcome.rawValue)
            case "reason": .string(decision.reason.rawValue)
            case "level": decision.level.map { .string($0.rawValue) } ?? .null
            case "groups": list(decision.released)
            case "withheld": list(decision.withheld)
            case "obligations": list(decision.obligations)
            case "queue": decision.queue.map { .string($0.rawValue) } ?? .null
            default: nil
            }
        guard let got else { return [.init(key: "expect.\(key)", expected: "a known key", got: "another")] }
        guard sorted(expected) != got else { return [] }
        return [.init(key: key, expected: text(sorted(expected)), got: text(got))]
    }

    private static func list<Word: RawRepresentable<String>>(_ words: Set<Word>) -> Value {
        sorted(.array(words.map { .string($0.rawValue) }))
    }

    /// Lists compare as sets.
    private static func sorted(_ value: Value) -> Value {
        guard let elements = value.arrayValue else { return value }
        return .array(Set(elements).sorted { text($0) < text($1) })
    }

    private static func text(_ value: Value) -> String {
        switch value {
        case .null: "none"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text), .string(let text): text
        case .array(let elements): elements.isEmpty ? "nothing" : elements.map(text).joined(separator: " ")
        case .object: "an object"
        }
    }
}

/// What became of one case.
package struct CaseResult: Sendable, Hashable {
    /// A key of the case's expectation, or a key that no case has.
    package struct Difference: Sendable, Hashable {
        package let key: String
        package let expected: String
        package let got: String
    }

    package let id: String
    /// Nil when the file itself could not be read.
    package let decision: Decision?
    /// Empty when the case passed.
    package let differences: [Difference]

    init(id: String, decision: Decision? = nil, differences: [Difference]) {
        self.id = id
        self.decision = decision
        self.differences = differences
    }

    package var passed: Bool { differences.isEmpty }

    /// The result as a line of text.
    package var line: String {
        let answer = decision.map { "\($0.outcome.rawValue) \($0.reason.rawValue)" } ?? "not read"
        guard !passed else { return "passed  \(id)  \(answer)" }
        let wrong = differences.map { "\($0.key): expected \($0.expected), got \($0.got)" }
        return "FAILED  \(id)  \(wrong.joined(separator: "; "))"
    }

    /// The last line of a run, such as `40 passed, 0 failed`.
    package static func closing(_ results: [CaseResult]) -> String {
        let passed = results.count { $0.passed }
        return "\(passed) passed, \(results.count - passed) failed"
    }
}
