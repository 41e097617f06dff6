import ArgumentParser
import CaseStore
import Hub
import Postgres
import Referral

/// `hub match`: persons who may be one, and what staff decide about them.
struct MatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "List persons who may be one, see why, decide, and take a decision back.",
        discussion: """
            A referral joins a known person by itself only with a verified NHS number and a second field that agrees. \
            Whoever else looks like somebody known becomes a new person and a match for staff to decide. Ids, codes \
            and weights are printed; what the two persons' records say is read at GET /v1/matches/{id}.
            """,
        subcommands: [List.self, Show.self, Decide.self, Undo.self, Evaluate.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Matches that wait for a decision, the likeliest first."
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Option(help: "Only those of this person.") var person: String?
        @Option(help: "How many.") var limit = 100

        func run() async throws {
            let person = try person.map(InstallationOption.id)
            try await installation.open(as: .console) { hub in
                let waiting = try await HubServices(hub).matches.waiting(of: person, limit: limit)
                let rows = waiting.map {
                    [
                        $0.id.description, $0.foundAt.rfc3339, $0.state.rawValue, $0.code,
                        String(Int($0.weight.rounded())), $0.person.description, $0.known.description,
                    ]
                }
                Output.table(["id", "since", "state", "code", "weight", "person", "known"], rows, json: format.json)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One match: how far each field agrees, what that weighs in bits, and what was decided."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The match's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
                guard let match = try await HubServices(hub).matches.match(id) else {
                    Output.remark("No match has that id.")
                    throw ExitCode.badData
                }
                Output.json(match)
            }
        }
    }

    struct Decide: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide: same, different or later. Exits 65 when it is decided already.",
            discussion: """
                same reads both records as one from now on, under the older person's id; what was queued about either \
                is parked, and only an agreement entered afterwards permits anything. different is not asked again.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The match's id.") var id: String
        @Argument(help: "same, different or later.") var decision: MatchVerdict
        @Option(help: "Who decided: an id, not a name.") var by: ActorID
        @Flag(help: "Read the reason, in words, from standard input; it is kept sealed.") var reason = false

        func validate() throws {
            guard decision != .undo else { throw ValidationError("Use 'hub match undo'") }
        }

        func run() async throws {
            let reason =
                reason ? String(decoding: try LocalFile.readStandardInput(limit: 2_000), as: UTF8.self) : nil
            try await MatchCommand.enter(id, decision, by: by.text, reason: reason, installation)
        }
    }

    struct Undo: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a decision back: both persons are again what they were. Exits 65 when there is none."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The match's id.") var id: String
        @Option(help: "Who takes it back: an id, not a name.") var by: ActorID

        func run() async throws {
            try await MatchCommand.enter(id, .undo, by: by.text, reason: nil, installation)
        }
    }

    private static func enter(
        _ id: String, _ verdict: MatchVerdict, by actor: String, reason: String?, _ installation: InstallationOption
    ) async throws {
        let id = try InstallationOption.id(id)
        try await installation.open(as: .console) { hub in
            switch try await HubServices(hub).matches.decide(id, verdict, reason: reason, by: actor) {
            case .decided(let match, let shares):
                Output.line(match.state.rawValue)
                if !shares.isEmpty { Output.remark("\(shares.count) shares were parked: see 'hub work list'.") }
            case .noMatch:
                Output.remark("No match has that id.")
                throw ExitCode.badData
            case .notNow(let state):
                Output.remark("It stands at \(state.rawValue); nothing was changed.")
                throw ExitCode.badData
            }
        }
    }
}

extension MatchVerdict: ExpressibleByArgument {}
