import ArgumentParser
import CaseStore
import Hub
import Postgres

/// `hub trace`: everything that happened to one id, in order.
struct Trace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Everything that happened to one submission, referral, person, share, extract or message, in order.",
        discussion: "Ids, states and codes only. Exits 65 when nothing is known of the id."
    )

    @OptionGroup var installation: InstallationOption
    @OptionGroup var format: JSONOption
    @Argument(help: "A receipt's, referral's, person's, share's, extract's or message's id.") var id: String

    func run() async throws {
        guard Traces.isID(id) else { throw ValidationError("That is not an id as the hub gives them.") }
        try await installation.open(as: .audit) { hub in
            let events = try await Traces(hub).events(of: id, by: "command")
            guard !events.isEmpty else {
                Output.remark("Nothing is known of \(id).")
                throw ExitCode.badData
            }
            Output.table(
                ["at", "kind", "id", "text"], events.map { [$0.at.rfc3339, $0.kind, $0.id, $0.text] }, json: format.json
            )
        }
    }
}
