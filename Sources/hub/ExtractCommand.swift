import ArgumentParser
import CaseStore
import Disclosure
import Hub
import Postgres
import Referral

/// `hub extract`: anonymised and pseudonymised extracts for research, evaluation and planning.
struct ExtractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Make extracts for research, evaluation and planning; enter the projects they are for.",
        discussion: """
            Counts have small numbers suppressed; rows have pseudonyms and groups of 5 or more. Identifiable extracts are \
            not made.
            """,
        subcommands: [Make.self, List.self, Show.self, ProjectCommand.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The newest extracts, released and refused."
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Option(help: "How many.") var limit = 50

        func run() async throws {
            try await installation.open { hub in
                let extracts = try await hub.database.read { [store = hub.store] connection in
                    try store.extracts(limit: limit, in: connection)
                }
                let rows = extracts.map {
                    [
                        $0.id.description, $0.madeAt.rfc3339, $0.recipient, $0.project, $0.level,
                        "\($0.outcome) \($0.reason)",
                    ]
                }
                Output.table(["id", "at", "recipient", "project", "level", "decision"], rows, json: format.json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One extract as JSON: decision, figures, keys, and how many persons were left out and why."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The extract's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open { hub in
                let extract = try await hub.database.read { [store = hub.store] connection in
                    try store.extract(id, in: connection)
                }
                guard let extract else {
                    Output.remark("No extract has the id \(id).")
                    throw ExitCode.badData
                }
                Output.json(extract.value)
            }
        }
    }
}

extension ExtractSummary {
    /// The extract as a JSON object.
    fileprivate var value: Value {
        func number(_ number: Int?) -> Value { number.map { .number(String($0)) } ?? .null }
        func text(_ text: String?) -> Value { text.map(Value.string) ?? .null }
        return [
            "extract_id": .string(id.description), "made_at": .string(madeAt.rfc3339), "made_by": .string(madeBy),
            "recipient": .string(recipient), "project": .string(project), "level": .string(level),
            "outcome": .string(outcome), "reason": .string(reason), "policy_version": .string(policyVersion),
            "released": .array(released.map(Value.string)), "referred_from": text(referredFrom),
            "referred_until": text(referredUntil), "cohort": number(cohort), "row_count": number(rowCount),
            "k": number(k), "key_id": text((projectKey ?? ownKey)?.description),
            "excluded": (try? StrictJSON.parse(excluded.bytes)) ?? .null, "ledger_entry": .string(entry.description),
        ]
    }
}
