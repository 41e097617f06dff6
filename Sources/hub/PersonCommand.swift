import ArgumentParser
import CaseStore
import Hub
import Postgres
import Referral
import Translation

/// `hub person`: what is known of a person without opening what is sealed, and which control rooms looked at them.
struct PersonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person",
        abstract: "Find and show persons by id, what the policy must know of them, and who looked at them.",
        subcommands: [Show.self, Find.self, List.self, Circumstances.self, Change.self, Looks.self, Erase.self]
    )

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A person's case state and number of referrals, and whom they were merged with."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
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
            try await installation.open(as: .console) { hub in
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
            try await installation.open(as: .console) { hub in
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

    struct Circumstances: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What the disclosure policy must know of a person: objections, restriction, end of support."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show { try await HubServices(hub).sharing.circumstances(of: id) }
            }
        }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change what the policy must know of a person; every share that waits is judged again.",
            discussion: """
                The change stands as JSON on standard input, as for PATCH /v1/persons/{id}/circumstances: what is absent
                stays, null takes back.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var id: String

        func run() async throws {
            let id = try InstallationOption.id(id)
            let body = try LocalFile.readStandardInput(limit: 1 << 20)
            _ = try await installation.open(as: .console) { hub in
                try await SharingOutput.show {
                    try await HubServices(hub).sharing.changeCircumstances(body, of: id, by: "command")
                }
            }
        }
    }

    struct Looks: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Looks of control rooms at a person, the latest first, as the person may be told; as JSON Lines.",
            discussion: """
                With what was told of the person, and once it is reviewed in words for the person's own copy; nothing of whom \
                else a look found, nor of who asked there. Tell the person when it is safe. The look at them is entered in \
                the ledger. Exits 65 when there is no such person, or --before is no look at them.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var id: String
        @Option(help: "How many.") var limit = 200
        @Option(help: "Only those before this one: the last lookup_id of the page before.") var before: String?
        @Option(help: "Who looks: an id, not a name.") var by: ActorID

        func validate() throws {
            if limit < 1 { throw ValidationError("--limit \(limit): at least 1.") }
        }

        func run() async throws {
            let id = try InstallationOption.id(id)
            let before = try before.map(InstallationOption.id)
            try await installation.open(as: .console) { hub in
                let looks = try await SharingOutput.checked {
                    try await AccessCards(hub).looks(at: id, before: before, limit: limit, by: by.text)
                }
                guard let looks else {
                    Output.remark("No person has the id \(id).")
                    throw ExitCode.badData
                }
                for look in looks { Output.line(String(decoding: StrictJSON.write(look), as: UTF8.self)) }
            }
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Erase a person: destroy the keys by which all that is kept about them opens.",
            discussion: """
                With all who were found to be the same person. What waits to be sent about them is cancelled, their access \
                card is removed, the documents they came in are destroyed, of those that others stand in too and still need \
                as soon as they do not; ids, times and the ledger stay. It cannot be taken back. Without --yes it tells what \
                would be done. Exits 65 when something forbids it: a legal hold, a look of a control room that is to be \
                reviewed, a delivery under way.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The person's id.") var id: String
        @Option(help: "The id under which the decision is kept: of the person's request, of a retention run.")
        var authority: String
        @Option(help: "Who decided it: an id, not a name.") var by: String
        @Flag(help: "Do it.") var yes = false

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open { hub in
                let erasure = PersonErasure(hub)
                switch try await erasure.erase(id, authority: authority, by: by, isTrial: !yes) {
                case .noPerson:
                    Output.remark("No person has the id \(id).")
                    throw ExitCode.badData
                case .before(let at):
                    Output.remark("\(id) was erased at \(at.rfc3339).")
                case .refused(let obstacles):
                    for obstacle in obstacles { Output.remark("not now: \(obstacle)") }
                    throw ExitCode.badData
                case .erased(let erased):
                    // The person is read in those that wait until they are destroyed.
                    let complete = erased.waitingDocuments > 0 ? nil : erasure.complete(after: erased.at)
                    Output.json(value(of: erased, completeOn: complete))
                    if !yes { Output.remark("Nothing was done: --yes does it, and nothing takes it back.") }
                }
            }
        }

        private func value(of erased: ErasedPerson, completeOn complete: Timestamp?) -> Value {
            func ids(_ ids: [UUIDValue]) -> Value { .array(ids.map { .string($0.description) }) }
            return [
                "person_id": .string(id), "is_done": .bool(yes), "at": .string(erased.at.rfc3339),
                "persons": ids(erased.persons), "cancelled_shares": ids(erased.shares),
                "extracts_to_make_anew": ids(erased.extracts), "documents": .number(String(erased.documents)),
                "documents_about_others_too": .number(String(erased.sharedDocuments)),
                "documents_that_others_need": .number(String(erased.waitingDocuments)),
                "looks": .number(String(erased.looks)), "tell": .array(erased.recipients.map(Value.string)),
                "complete_in_backups_at": complete.map { .string($0.rfc3339) } ?? .null,
            ]
        }
    }
}
