import ArgumentParser
import CaseStore
import Hub
import Postgres
import Referral
import Translation

/// `hub agreement`: what the API offers on agreements, for scripts.
struct AgreementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract: "Record, show and withdraw Shared Agreements.",
        subcommands: [Add.self, Show.self, List.self, Withdraw.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record the agreement that stands as JSON on standard input, as for POST /v1/agreements."
        )
        @OptionGroup var installation: InstallationOption

        func run() async throws {
            let body = try LocalFile.readStandardInput(limit: 1 << 20)
            _ = try await installation.open { hub in
                try await SharingOutput.show {
                    try await HubServices(hub).sharing.addAgreement(body, by: "command")?.value
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One agreement: how it stands, and its lines.")
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The agreement's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            _ = try await installation.open { hub in
                try await SharingOutput.show { try await HubServices(hub).sharing.agreement(id) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "A person's agreements as JSON, the newest first; whoever the person was merged with has their own."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var person: String

        func run() async throws {
            let person = try InstallationOption.id(person)
            _ = try await installation.open { hub in
                try await SharingOutput.show {
                    try await HubServices(hub).sharing.agreements(of: person).map(Value.array)
                }
            }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Withdraw an agreement as of now, or one recipient of it; cancels what is queued under it."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The agreement's id.") var id: String
        @Option(help: "Only this recipient.") var recipient: String?

        func run() async throws {
            let id = try InstallationOption.id(id)
            _ = try await installation.open { hub in
                try await SharingOutput.show {
                    try await HubServices(hub).sharing.withdraw(id, recipient: recipient, by: "command")
                }
            }
        }
    }
}

/// `hub share`: what the API offers on shares, for scripts.
struct ShareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share",
        abstract: "Ask for a share; see where one stands; take one back.",
        subcommands: [Request.self, Show.self, List.self, Cancel.self]
    )

    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask for a share; prints the decision and its reason.",
            discussion: "A running hub sends what is permitted. Exits 65 when nothing may go."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var person: String
        @Option(help: "Who is to receive it.") var recipient: String
        @Option(help: "For which purpose.") var purpose: String
        @Option(help: "Field groups, comma-separated. Defaults to what the partner's document holds.")
        var groups: String?

        func run() async throws {
            var body: Object = [
                "person_id": .string(person), "recipient": .string(recipient), "purpose": .string(purpose),
            ]
            body["groups"] = groups.map { .array($0.split(separator: ",").map { .string(String($0)) }) }
            let bytes = StrictJSON.write(.object(body))
            try await installation.open { hub in
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
            _ = try await installation.open { hub in
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
            try await installation.open { hub in
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

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back a share that waits to be sent or to be decided by a person.",
            discussion: "Exits 65 when it is on its way or has ended."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The share's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open { hub in
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

/// `hub person`: what is known of a person without opening what is sealed.
struct PersonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person",
        abstract: "Show persons by id, or find one; no personal data is printed.",
        subcommands: [Show.self, Find.self, List.self]
    )

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A person's case state and number of referrals, and whom they were merged with."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open { hub in
                let summary = try await hub.database.read { [store = hub.store] connection in
                    try store.person(id, in: connection)
                }
                guard let summary else {
                    Output.remark("No person has the id \(id).")
                    throw ExitCode.badData
                }
                Output.json([
                    "person_id": .string(summary.id.description), "created_at": .string(summary.createdAt.rfc3339),
                    "case_id": summary.caseFile.map { .string($0.description) } ?? nil,
                    "case_state": summary.caseState.map(Value.string) ?? nil,
                    "referrals": .number(String(summary.referrals)),
                    "has_verified_nhs_number": .bool(summary.hasVerifiedNHSNumber),
                    "merged_into": summary.mergedInto.map { .string($0.description) } ?? nil,
                    "merged": .array(summary.merged.map { .string($0.description) }),
                ])
            }
        }
    }

    struct Find: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find a person by the verified NHS number that stands on standard input."
        )
        @OptionGroup var installation: InstallationOption

        func run() async throws {
            let input = try LocalFile.readStandardInput(limit: 1 << 10)
            let number = String(decoding: input, as: UTF8.self).filter(\.isNumber)
            try await installation.open { hub in
                let ids = try await hub.database.read { [store = hub.store] connection in
                    try store.persons(withNHSNumber: number, in: connection)
                }
                for id in ids { Output.line(id.description) }
                if ids.isEmpty { throw ExitCode.badData }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Referrals and their persons, in order of arrival.")
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Option(help: "After this referral's id.") var after: String?
        @Option(help: "How many.") var limit = 50

        func run() async throws {
            let after = try after.map(InstallationOption.id)
            try await installation.open { hub in
                let referrals = try await hub.database.read { [store = hub.store] connection in
                    try store.referrals(after: after, limit: limit, in: connection)
                }
                let rows = referrals.map {
                    [$0.id.description, $0.person.description, $0.sender, $0.type, $0.receivedAt.rfc3339]
                }
                Output.table(["referral", "person", "sender", "type", "received"], rows, json: format.json)
            }
        }
    }
}

/// Prints what a sharing call answers, or its problem's findings with exit code 65.
enum SharingOutput {
    @discardableResult
    static func show(_ body: () async throws -> Value?) async throws -> Value {
        do {
            guard let value = try await body() else {
                Output.remark("Nothing has that id.")
                throw ExitCode.badData
            }
            Output.json(value)
            return value
        } catch let error as RequestError {
            for finding in error.findings { Output.remark("\(finding.path): \(finding.text)") }
            throw ExitCode.badData
        }
    }
}
