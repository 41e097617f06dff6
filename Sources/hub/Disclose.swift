import ArgumentParser
import CaseStore
import Disclosure
import Hub
import Postgres
import Referral
import Translation

/// `hub disclose`: the disclosure policy on written cases, on decisions that were kept, and against the clock.
struct Disclose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run disclosure cases, explain one, take a kept decision again, or measure.",
        discussion: """
            --cases prints a line per case, then `N passed, N failed`. Exits 1 on a failure, 65 when a file cannot be read.

            --decision takes the decisions of a share again, or one of them, from the facts that were kept and by the \
            rules of that version. Exits 1 when one comes out otherwise, 65 when there is none, or no file has its rules. \
            It is the only one that needs the installation.
            """
    )

    @Option(help: "Case file, in YAML or JSON.") var cases: String?
    @Option(help: "Print every rule tried for this case, with facts and result.") var explain: String?
    @Option(help: "A decision's id, or a share's: explain it, and take it again.") var decision: String?
    @Flag(help: "Decisions a second on one core, with every rule listed and without.") var bench = false
    @Option(help: "With --bench: processor seconds for each.") var seconds = 1.0
    @Option(help: "File of rules for --cases and --bench. Defaults to those the hub is built with.") var policy: String?
    @Flag(help: "Print JSON: for --explain one object, for --decision and --bench a line each.") var json = false
    @OptionGroup var installation: InstallationOption

    func validate() throws {
        guard [cases != nil, decision != nil, bench].count(where: { $0 }) == 1 else {
            throw ValidationError("Give one of --cases, --decision and --bench.")
        }
        if explain != nil, cases == nil { throw ValidationError("--explain explains a case of --cases.") }
        guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds: more than 0, at most 600") }
    }

    func run() async throws {
        if let cases {
            try run(cases: cases, by: rules())
        } else if let decision {
            try await again(InstallationOption.id(decision))
        } else {
            DiscloseBench(rules: try rules(), seconds: seconds).run(json: json)
        }
    }

    private func rules() throws -> PolicyRules {
        guard let policy else { return .notice }
        do {
            return try PolicyFile(LocalFile.read(policy, limit: 1 << 20), name: policy).rules
        } catch {
            Output.remark("\(error)")
            throw ExitCode.badData
        }
    }

    private func run(cases: String, by rules: PolicyRules) throws {
        let value: Value
        do {
            value = try YAMLValue.parse(LocalFile.read(cases))
        } catch {
            Output.remark("\(cases): \(error)")
            throw ExitCode.badData
        }
        if let explain {
            guard let text = CaseFile.explain(explain, in: value, rules: rules),
                let machine = CaseFile.value(of: explain, in: value, rules: rules)
            else { throw ValidationError("The file has no case \(explain).") }
            if json { Output.json(machine) } else { Output.line(text) }
            return
        }
        let results = CaseFile.run(value, rules: rules)
        for result in results { Output.line(result.line) }
        Output.line(CaseResult.closing(results))
        if results.isEmpty || results.contains(where: { !$0.passed }) { throw ExitCode(1) }
    }

    /// Takes kept decisions again, each by the rules of its version.
    private func again(_ id: UUIDValue) async throws {
        try await installation.open(as: .console) { hub in
            let kept = try await hub.database.transaction { [store = hub.store] connection in
                try store.decisions(id, viewedBy: "command", in: connection)
            }
            guard !kept.isEmpty else {
                Output.remark("No decision has the id \(id), and no share with it has one.")
                throw ExitCode.badData
            }
            var differs = false
            for stored in kept {
                guard let rules = hub.policy[stored.policyVersion]?.serving else {
                    Output.remark(
                        "decision \(stored.id) was taken by the rules \(stored.policyVersion), which are not here: put "
                            + "their file beside the one that `policy` in the configuration names")
                    throw ExitCode.badData
                }
                let decision = Policy.decide(stored.facts, rules: rules)
                let agrees = stored.agrees(with: decision)
                differs = differs || !agrees
                show(stored, decision, rules, agrees)
            }
            if differs { throw ExitCode(1) }
        }
    }

    private func show(_ stored: StoredDecision, _ decision: Decision, _ rules: PolicyRules, _ agrees: Bool) {
        if json {
            Output.json([
                "decision_id": .string(stored.id.description), "share_id": .string(stored.share.description),
                "decided_at": .string(stored.decidedAt.rfc3339), "outcome": .string(stored.outcome),
                "reason": .string(stored.reason), "policy_version": .string(stored.policyVersion),
                "same": .bool(agrees), "again": decision.value(by: rules),
            ])
            return
        }
        Output.line("decision \(stored.id) at \(stored.decidedAt.rfc3339) by \(stored.policyVersion)")
        Output.line(
            agrees
                ? "taken again from the kept facts: the same"
                : "TAKEN AGAIN IT IS ANOTHER: then \(stored.outcome) \(stored.reason)")
        Output.line(decision.explained(by: rules))
    }
}
