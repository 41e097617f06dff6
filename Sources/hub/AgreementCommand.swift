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
            _ = try await installation.open(as: .console) { hub in
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
            _ = try await installation.open(as: .console) { hub in
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
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show {
                    try await HubServices(hub).sharing.agreements(of: person).map(Value.array)
                }
            }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Withdraw an agreement as of now, or a part of it; cancels what is queued under it."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The agreement's id.") var id: String
        @Option(help: "Only this recipient.") var recipient: String?
        @Option(help: "Only this line, from 0 as 'hub agreement show' has them.") var line: Int?

        func validate() throws {
            if recipient != nil, line != nil { throw ValidationError("Give --recipient or --line, not both.") }
            if let line, line < 0 { throw ValidationError("--line must be 0 or more.") }
        }

        func run() async throws {
            let id = try InstallationOption.id(id)
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show {
                    try await HubServices(hub).sharing.withdraw(
                        id, recipient: recipient, line: line, by: "command")
                }
            }
        }
    }
}
