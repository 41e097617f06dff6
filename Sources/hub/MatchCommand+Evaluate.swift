import ArgumentParser
import Glibc
import Hub
import Referral

extension MatchCommand {
    /// What `deploy/bench match` measures with.
    struct Evaluate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure how well and how fast records are found. Only for an empty test installation.",
            discussion: """
                Takes the known records in as referrals, looks the asked ones up one at a time, and prints JSON Lines: \
                {asked, microseconds, found: [{known, outcome, weight}]}. The files are JSON Lines of envelopes whose \
                message_id names the record; they are taken as the hub's own, with their mark of what is verified. \
                Whatever they hold stays in the database: use made-up records and an installation to throw away.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "Records that are known.") var known: String
        @Option(help: "Records to look up among them.") var asked: String

        func run() async throws {
            let (known, asked) = (try Self.records(known), try Self.records(asked))
            try await installation.open { hub in
                guard let evaluation = try await MatchEvaluation(hub) else {
                    Output.remark("Only for an installation in the environment `test` that knows nobody yet.")
                    throw ExitCode.badData
                }
                try await evaluation.run(known: known, asked: asked) { lookUp in
                    Output.json([
                        "asked": .string(lookUp.id), "microseconds": .number(String(lookUp.microseconds)),
                        "found": .array(
                            lookUp.found.map {
                                [
                                    "known": .string($0.known), "outcome": .string($0.outcome),
                                    "weight": .number(String(Int($0.weight.rounded()))),
                                ]
                            }),
                    ])
                }
            }
        }

        private static func records(_ path: String) throws -> [Referral] {
            let bytes = try LocalFile.read(path, limit: 1 << 30)
            return try bytes.split(separator: 0x0A).enumerated().map { number, line in
                guard let value = try? StrictJSON.parse(Array(line)), let referral = Referral(stored: value),
                    referral.messageID != nil
                else {
                    Output.remark("\(path):\(number + 1): is no envelope with a message_id")
                    throw ExitCode.badData
                }
                return referral
            }
        }
    }
}
