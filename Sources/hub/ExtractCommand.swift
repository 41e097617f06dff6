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
        abstract: "Make and send extracts for research, evaluation and planning; enter the projects they are for.",
        discussion: """
            Counts have small numbers suppressed; rows have pseudonyms and groups of 5 or more. Identifiable extracts are \
            not made.
            """,
        subcommands: [Make.self, List.self, Show.self, Cancel.self, Acknowledge.self, ProjectCommand.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The newest extracts, released and refused; of those that are sent, how far they are."
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Option(help: "How many.") var limit = 50

        func run() async throws {
            try await installation.open(as: .console) { hub in
                let extracts = try await hub.database.read { [store = hub.store] connection in
                    try store.extracts(limit: limit, in: connection)
                }
                let rows = extracts.map {
                    [
                        $0.id.description, $0.madeAt.rfc3339, $0.recipient, $0.project, $0.level,
                        "\($0.outcome) \($0.reason)", $0.sending?.state.rawValue ?? "",
                    ]
                }
                let columns = ["id", "at", "recipient", "project", "level", "decision", "state"]
                Output.table(columns, rows, json: format.json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                One extract as JSON: decision, figures, keys, how many persons were left out and why, and what became of one \
                that is sent.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The extract's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
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

extension ExtractCommand {
    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back an extract that waits to be sent, or failed; what waits is destroyed.",
            discussion: "Exits 65 when it is on its way or has ended."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The extract's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
                guard try await Extracts(hub).cancel(id, by: "command") else {
                    Output.remark("It does not wait to be sent: see 'hub extract show \(id)'.")
                    throw ExitCode.badData
                }
                Output.line("cancelled")
            }
        }
    }

    struct Acknowledge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enter what the recipient of a sent extract says: that it took it in, or will not take it.",
            discussion: "Exits 65 when the extract was not delivered."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The extract's id.") var id: String
        @Option(help: "taken or refused.") var verdict: AcknowledgementTold.Verdict
        @Option(help: "Why, as a code word.") var code: String?
        @Option(help: "Who asked the recipient: an id, not a name.") var by: ActorID

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
                let told = try AcknowledgementTold(verdict, code: code, by: by.text)
                guard try await Extracts(hub).acknowledge(id, told) else {
                    Output.remark("It was not delivered: see 'hub extract show \(id)'.")
                    throw ExitCode.badData
                }
                Output.line(verdict.rawValue)
            }
        }
    }
}

extension AcknowledgementTold.Verdict: ExpressibleByArgument {}

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
            "sending": sending?.value ?? .null,
        ]
    }
}

extension ExtractSending {
    /// What became of it, as a JSON object.
    fileprivate var value: Value {
        var object: Object = [
            "state": .string(state.rawValue), "queued_at": .string(queuedAt.rfc3339),
            "expires_at": .string(expiresAt.rfc3339), "attempts": .number(String(attempts)),
            "has_package": .bool(hasPackage),
        ]
        object["failure"] = failure.map(Value.string)
        object["reference"] = reference.map(Value.string)
        object["finished_at"] = finishedAt.map { .string($0.rfc3339) }
        object["acknowledgement"] = acknowledgement.map { acknowledgement in
            var value: Object = [
                "awaited": .string(acknowledgement.kind.rawValue), "state": .string(acknowledgement.state.rawValue),
                "since": .string(acknowledgement.awaitedSince.rfc3339),
                "due_at": .string(acknowledgement.dueAt.rfc3339),
            ]
            value["told_at"] = acknowledgement.toldAt.map { .string($0.rfc3339) }
            value["told_by"] = acknowledgement.toldBy.map(Value.string)
            return .object(value)
        }
        return .object(object)
    }
}
