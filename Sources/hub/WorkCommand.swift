import ArgumentParser
import CaseStore
import Hub
import Postgres

/// `hub work`: what waits for a member of staff.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "List work items, mark them done, and permit what a child wrote.",
        discussion: "A work item names what a person must look at by ids and codes; it holds no personal data.",
        subcommands: [List.self, Done.self, Permit.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open work items: those due first, then the oldest."
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption
        @Option(help: "Only this kind, such as quarantined, match_review or failed_share.") var kind: WorkItemKind?
        @Option(help: "How many.") var limit = 100

        func run() async throws {
            try await installation.open(as: .console) { hub in
                let items = try await hub.database.read { [store = hub.store] connection in
                    try store.workItems(kind, limit: limit, in: connection)
                }
                let rows = items.map { work in
                    let item = work.item
                    let about = [
                        item.submission.map { "receipt \($0)" }, item.referral.map { "referral \($0)" },
                        item.person.map { "person \($0)" }, item.otherPerson.map { "other person \($0)" },
                        item.share.map { "share \($0)" }, item.extract.map { "extract \($0)" },
                        item.message.map { "message \($0)" }, item.look.map { "look \($0)" },
                        item.account.map { "account \($0)" }, item.actor.map { "done by \($0)" },
                    ]
                    return [
                        work.id.description, work.createdAt.rfc3339, work.item.dueAt?.rfc3339 ?? "",
                        item.kind.rawValue, item.code, item.partner ?? "",
                        about.compactMap { $0 }.joined(separator: ", "),
                    ]
                }
                Output.table(["id", "since", "due", "kind", "code", "partner", "about"], rows, json: format.json)
            }
        }
    }

    struct Done: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Mark a work item done. Exits 65 when it is not open."
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The work item's id.") var id: String
        @Option(help: "Who did it: an id, not a name.") var by: ActorID

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
                let wasOpen = try await hub.database.transaction { [store = hub.store] connection in
                    try store.finishWorkItem(id, by: by.text, in: connection)
                }
                guard wasOpen else {
                    Output.remark("No open work item has that id.")
                    throw ExitCode.badData
                }
                Output.line("done")
            }
        }
    }
}

extension WorkCommand {
    struct Permit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let what a child under 13 wrote be worked on. Exits 65 when no such item is open.",
            discussion: """
                A form by somebody who says they are under 13 is kept apart until a parent or guardian permits that it
                be worked on, and is destroyed after 30 days without. The permission itself is kept elsewhere; the
                ledger holds the id that you give here, who recorded it, and when.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Argument(help: "The work item's id, of the kind under_13.") var id: String
        @Option(help: "Who recorded the permission: an id, not a name.") var by: ActorID
        @Option(help: "The id under which the permission is kept: 1 to 64 letters, digits and . _ : -") var permission:
            String

        func validate() throws {
            let isWellFormed =
                (1...64).contains(permission.utf8.count)
                && permission.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._:-".contains($0)) }
            guard isWellFormed else {
                throw ValidationError("--permission must be 1 to 64 letters, digits and . _ : -")
            }
        }

        func run() async throws {
            let id = try InstallationOption.id(id)
            try await installation.open(as: .console) { hub in
                guard let receipt = try await Intake(hub).permit(id, by: by.text, permission: permission) else {
                    Output.remark("No open work item of the kind under_13 has that id.")
                    throw ExitCode.badData
                }
                Output.line("receipt \(receipt) is worked on now")
            }
        }
    }
}

extension WorkItemKind: ExpressibleByArgument {}
