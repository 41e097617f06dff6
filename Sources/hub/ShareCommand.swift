import ArgumentParser
import CaseStore
import Glibc
import Hub
import Postgres
import Referral
import Translation

/// `hub share`: what the API offers on shares, for scripts.
struct ShareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share",
        abstract: "Ask for a share, see what would leave, approve it, enter what came of it, or take it back.",
        subcommands: [
            Request.self, Show.self, List.self, Preview.self, Approve.self, Approvals.self, Acknowledge.self,
            Cancel.self,
        ]
    )

    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask for a share; prints the decision and its reason.",
            discussion: "A running hub sends what is permitted. Exits 65 when nothing may go, or not yet."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var person: String
        @Option(help: "Who is to receive it.") var recipient: String
        @Option(help: "For which purpose.") var purpose: String
        @Option(help: "Field groups, comma-separated. Defaults to what the partner's document holds.")
        var groups: String?
        @Option(help: "Who asks: an id, not a name. Needed where a named person must approve.") var by: ActorID?
        @Option(help: "The order, statute or request it rests on: the id under which it is kept.")
        var authorityRef: String?
        @Option(help: "Field groups that the order or statute names, comma-separated.") var orderedGroups: String?
        @Flag(help: "The recipient is a public body that is not in the register.") var publicBody = false
        @Flag(help: "Who asks has made sure that it goes to the person, or to somebody proven to act for them.")
        var identityVerified = false

        func run() async throws {
            var body: Object = [
                "person_id": .string(person), "recipient": .string(recipient), "purpose": .string(purpose),
            ]
            func list(_ words: String) -> Value {
                .array(words.split(separator: ",").map { .string(String($0)) })
            }
            body["groups"] = groups.map(list)
            body["requested_by"] = try by.map { .string(try $0.text) }
            body["authority_ref"] = authorityRef.map(Value.string)
            body["ordered_groups"] = orderedGroups.map(list)
            if publicBody { body["public_body"] = true }
            if identityVerified { body["identity_verified"] = true }
            let bytes = StrictJSON.write(.object(body))
            try await installation.open(as: .console) { hub in
                let share = try await SharingOutput.show {
                    try await HubServices(hub).sharing.requestShare(bytes, by: "command")?.value
                }
                if share["state"]?.stringValue != "queued" { throw ExitCode.badData }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One share: decision, state, attempts.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The share's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show { try await HubServices(hub).sharing.share(id) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The newest shares.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Option(help: "How many.") var limit = 50

        func run() async throws {
            try await installation.open(as: .console) { hub in
                let shares = try await hub.database.read { [store = hub.store] connection in
                    try store.shares(before: nil, limit: limit, in: connection)
                }
                let rows = shares.map {
                    [
                        $0.id.description, $0.request.requestedAt.rfc3339, $0.request.recipient, $0.request.purpose,
                        $0.state.rawValue, "\($0.outcome ?? "") \($0.reason ?? "")",
                    ]
                }
                Output.table(["id", "at", "recipient", "purpose", "state", "decision"], rows, json: format.json)
            }
        }
    }

    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The exact bytes that would leave for a share that waits, on standard output.",
            discussion: """
                They are made as if everybody whose approval is lacking had approved. That you looked is on the ledger.
                Exits 65 when nothing would leave.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The share's id.") var id: String
        @Option(help: "The authority that the officer will name, where the asker has named none.")
        var authorityRef: String?

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
                switch try await HubServices(hub).sharing.preview(id, authority: authorityRef, by: "command") {
                case .document(let document, _): Output.bytes(document.bytes, to: STDOUT_FILENO)
                case .nothing(let finding):
                    Output.remark(finding.text)
                    throw ExitCode.badData
                case nil:
                    Output.remark("No share has the id \(id).")
                    throw ExitCode.badData
                }
            }
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a share go on that waits for a named person, or refuse it.",
            discussion: """
                The answer stands as JSON on standard input, as for POST /v1/shares/{id}/approvals: role (officer, dpo,
                ig or second), verdict (approve or refuse), approved_by (an id), name, reason, and authority_ref where
                the asker has named none. Exits 65 when it is not taken.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The share's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            let body = try LocalFile.readStandardInput(limit: 1 << 20)
            try await installation.open(as: .console) { hub in
                let sharing = HubServices(hub).sharing
                try await SharingOutput.show {
                    switch try await sharing.answer(body, to: id, by: "command") {
                    case .entered(let share): return share
                    case .refused(let finding):
                        Output.remark(finding.text)
                        throw ExitCode.badData
                    case nil: return nil
                    }
                }
            }
        }
    }

    struct Approvals: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Who approved or refused a share, when and why. That you looked is on the ledger."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The share's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show { try await HubServices(hub).sharing.answers(to: id, by: "command") }
            }
        }
    }

    struct Acknowledge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enter what the recipient of a delivered share says: that it took it in, or will not act on it.",
            discussion: "Exits 65 when the share was not delivered."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The share's id.") var id: String
        @Option(help: "taken or refused.") var verdict: String
        @Option(help: "Why, as a code word.") var code: String?
        @Option(help: "Who asked the recipient: an id, not a name.") var by: ActorID?

        func run() async throws {
            let id = try InstallationOption.id(id)
            var body: Object = ["verdict": .string(verdict)]
            body["code"] = code.map(Value.string)
            body["requested_by"] = try by.map { .string(try $0.text) }
            let bytes = StrictJSON.write(.object(body))
            try await installation.open(as: .console) { hub in
                let sharing = HubServices(hub).sharing
                try await SharingOutput.show {
                    let answer = try await sharing.acknowledge(id, bytes, by: "command")
                    if case .conflict? = answer {
                        Output.remark("It was not delivered: see 'hub share show \(id)'.")
                        throw ExitCode.badData
                    }
                    return answer?.value
                }
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back a share that waits to be sent or to be decided by a person.",
            discussion: "Exits 65 when it is on its way or has ended."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The share's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
                let answer = try await HubServices(hub).sharing.cancel(id, by: "command")
                if case .conflict? = answer {
                    Output.remark("It is on its way, or has ended: see 'hub share show \(id)'.")
                    throw ExitCode.badData
                }
                _ = try await SharingOutput.show { answer?.value }
            }
        }
    }
}
