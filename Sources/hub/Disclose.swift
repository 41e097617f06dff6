import ArgumentParser
import Disclosure
import Hub
import Referral
import Translation

/// `hub disclose`: the disclosure policy on written cases; no database.
struct Disclose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run disclosure cases, or explain one.",
        discussion: "A line per case, then `N passed, N failed`. Exits 1 on a failure, 65 when the file cannot be read."
    )

    @Option(help: "Case file, in YAML or JSON.") var cases: String
    @Option(help: "Print every rule tried for this case, with facts and result.") var explain: String?

    func run() async throws {
        let value: Value
        do {
            value = try YAMLValue.parse(LocalFile.read(cases))
        } catch {
            Output.remark("\(cases): \(error)")
            throw ExitCode.badData
        }
        if let explain {
            guard let text = CaseFile.explain(explain, in: value) else {
                throw ValidationError("The file has no case \(explain).")
            }
            Output.line(text)
            return
        }
        let results = CaseFile.run(value)
        for result in results { Output.line(result.line) }
        Output.line(CaseResult.closing(results))
        if results.isEmpty || results.contains(where: { !$0.passed }) { throw ExitCode(1) }
    }
}
