import ArgumentParser
import CaseStore
import Hub
import Postgres
import Referral

/// `hub emergency`: access cards, and the looks of control rooms.
struct EmergencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "emergency",
        abstract: "Draft and keep access cards, by which control rooms get to a person, and review who looked.",
        subcommands: [Card.self, Draft.self, Looks.self, Review.self]
    )

    struct Card: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show, save or remove a person's access card.",
            discussion: """
                Without an option it is shown, the key safe's code included, and the look is entered in the ledger. --file - \
                reads standard input. Exits 65 when there is no such person or card, or the card is not right.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var person: String
        @Option(help: "Save the card in this file: JSON as the OpenAPI document has it.") var file: String?
        @Flag(help: "Remove it.") var remove = false
        @Option(help: "Who does it: an id, not a name.") var by: ActorID

        func run() async throws {
            let id = try InstallationOption.id(person)
            guard file == nil || !remove else { throw ValidationError("Give --file or --remove, and not both.") }
            try await installation.open(as: .console) { hub in
                let cards = AccessCards(hub)
                if remove {
                    guard try await cards.remove(id, by: by.text) else {
                        Output.remark("There is no such card.")
                        throw ExitCode.badData
                    }
                    Output.line("removed")
                } else if let file {
                    let body = try file == "-" ? LocalFile.readStandardInput(limit: 64 << 10) : LocalFile.read(file)
                    try await SharingOutput.show { try await cards.save(body, of: id, by: by.text) }
                } else {
                    try await SharingOutput.show { try await cards.read(id, by: by.text) }
                }
            }
        }
    }

    struct Draft: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draft a person's access card out of their referrals, for the person to confirm.",
            discussion: """
                Prints the card without verified_on, the referral that each part comes from, earlier ones that say something \
                else, and what was left out. Nothing is saved: go through it with the person, then save it with verified_on \
                and confirmed_by by 'hub emergency card'. The look is entered in the ledger. Exits 65 when there is no such \
                person, or what was known of them was erased.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var person: String
        @Option(help: "Who looks: an id, not a name.") var by: ActorID

        func run() async throws {
            let id = try InstallationOption.id(person)
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show { try await AccessCards(hub).draft(id, by: by.text) }
            }
        }
    }

    struct Looks: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Looks of control rooms that are to be reviewed, those due first; as JSON Lines.",
            discussion: "What was asked is shown, so the look at it is entered in the ledger."
        )
        @OptionGroup var installation: InstallationOption
        @Flag(help: "All, the latest first.") var all = false
        @Option(help: "How many.") var limit = 100
        @Option(help: "Who looks: an id, not a name.") var by: ActorID

        func validate() throws {
            if limit < 1 { throw ValidationError("--limit \(limit): at least 1.") }
        }

        func run() async throws {
            try await installation.open(as: .console) { hub in
                for look in try await AccessCards(hub).looks(unreviewed: !all, limit: limit, by: by.text) {
                    Output.line(String(decoding: StrictJSON.write(look), as: UTF8.self))
                }
            }
        }
    }

    struct Review: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enter that somebody has looked into a look. Exits 65 when there is none to review."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The look's id.") var id: String
        @Option(help: "What was found.") var note: String
        @Option(help: "Who looked into it: an id, not a name.") var by: ActorID

        func run() async throws {
            let id = try InstallationOption.id(id)
            let body = StrictJSON.write(["note": .string(note)])
            try await installation.open(as: .console) { hub in
                let isEntered = try await SharingOutput.checked {
                    try await AccessCards(hub).review(body, of: id, by: by.text)
                }
                guard isEntered else {
                    Output.remark("No look with that id is to be reviewed.")
                    throw ExitCode.badData
                }
                Output.line("reviewed")
            }
        }
    }
}
