import ArgumentParser
import CaseStore
import Hub
import Postgres
import Referral
import Translation

/// `hub nfi`: the exercises of the National Fraud Initiative.
struct NFICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nfi",
        abstract: "Exercises of the National Fraud Initiative: check a sheet, enter an upload, make an empty table.",
        discussion: """
            What officers approved leaves by itself from the sheet's day on, as one table in the folder of \
            outbound.cabinet_office.nfi_web. The hub uploads nothing.
            """,
        subcommands: [Check.self, Uploaded.self, Empty.self]
    )

    /// Whose exercises these are.
    static let recipient = "cabinet_office"

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Report every mistake in sheets at once, with file, line, key and remedy. Exits 65 on one."
        )
        @OptionGroup var folder: AdapterFolderOption
        @Argument(help: "Sheets of exercises.") var files: [String]

        func run() async throws {
            guard let adapter = try folder.load()[NFICommand.recipient],
                adapter.outbound.contains(where: { $0.channel == .nfiWeb })
            else {
                throw ValidationError("No adapter named \(NFICommand.recipient) has a way out by nfi_web.")
            }
            var hasMistakes = false
            for file in files {
                let (filled, mistakes) = adapter.filling(sheetFile: file, by: .nfiWeb)
                for mistake in mistakes { Output.line("\(mistake)") }
                for sheet in filled.outbound.compactMap(\.sheet) {
                    Output.line("\(file): \(sheet.summary), no mistakes")
                }
                hasMistakes = hasMistakes || !mistakes.isEmpty
            }
            if hasMistakes { throw ExitCode.badData }
        }
    }

    struct Uploaded: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enter that a table was uploaded: every share in it is acknowledged.",
            discussion:
                "Exits 65 where no delivered share left in a table of that name, or one cannot be acknowledged any more."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The table's name, as it lay in the folder.") var file: String
        @Option(help: "Who uploaded it: an id, not a name.") var by: ActorID

        func run() async throws {
            let body = StrictJSON.write(["verdict": "taken", "requested_by": .string(try by.text)])
            try await installation.open(as: .console) { hub in
                let shares = try await hub.database.read { [store = hub.store] in
                    try store.shares(deliveredAs: file, to: NFICommand.recipient, in: $0)
                }
                guard !shares.isEmpty else {
                    Output.remark("No delivered share left in a table of that name.")
                    throw ExitCode.badData
                }
                let sharing = HubServices(hub).sharing
                var count = 0
                for share in shares {
                    let answer = try await SharingOutput.checked {
                        try await sharing.acknowledge(share, body, by: "command")
                    }
                    if answer?.value != nil { count += 1 }
                }
                Output.line("\(count) acknowledged")
                if count < shares.count {
                    Output.remark("\(shares.count - count) could not be; `hub share show ID` says how each stands.")
                    throw ExitCode.badData
                }
            }
        }
    }

    struct Empty: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lay down the table without a row, which an exercise wants where there is nothing to tell.",
            discussion: """
                Exits 65 before the day of the extract and after the last day for uploading, and where a share of the exercise \
                waits, has left, or failed and is still to be mended.
                """
        )
        @OptionGroup var installation: InstallationOption

        func run() async throws {
            try await installation.open(as: .console) { hub in
                guard let handover = ExerciseHandover(hub, to: NFICommand.recipient) else {
                    Output.remark("No exercise is configured: give outbound.\(NFICommand.recipient).nfi_web.")
                    throw ExitCode.badConfiguration
                }
                switch try await handover.layEmpty() {
                case .laid(let name): Output.line(name)
                case .early(let sheet): try Self.refuse("The day has not come: \(sheet.summary).")
                case .closed(let sheet): try Self.refuse("The last day is over: \(sheet.summary).")
                case .notEmpty(let states):
                    let counts = states.map { "\($0.count) \($0.state.rawValue)" }.joined(separator: ", ")
                    try Self.refuse("The table is not empty; shares: \(counts).")
                case .failed(let code, let text): try Self.refuse("\(code): \(text)")
                }
            }
        }

        private static func refuse(_ why: String) throws -> Never {
            Output.remark(why)
            throw ExitCode.badData
        }
    }
}
