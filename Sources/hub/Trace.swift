import ArgumentParser
import CaseStore
import Hub
import Ledger
import MessageQueue
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
        let correlation = UUIDValue(id)
        let message = MessageID(id)
        guard correlation != nil || message != nil else {
            throw ValidationError("That is not an id as the hub gives them.")
        }
        try await installation.open(as: .audit) { hub in
            var lines: [(at: Timestamp, kind: String, id: String, text: String)] = []
            if let correlation {
                let stored = try await hub.database.transaction { [store = hub.store] connection in
                    try store.enterLook(at: .trace, about: correlation.description, by: "command", in: connection)
                    return try store.trace(correlation, in: connection)
                }
                lines += stored.map { ($0.at, $0.kind, $0.id.description, $0.text) }
                lines += try await hub.queue.history(of: correlation).map(Self.line)
            }
            if let message { lines += try await hub.queue.history(of: message).map(Self.line) }
            guard !lines.isEmpty else {
                Output.remark("Nothing is known of \(id).")
                throw ExitCode.badData
            }
            lines.sort { $0.at < $1.at }
            Output.table(
                ["at", "kind", "id", "text"], lines.map { [$0.at.rfc3339, $0.kind, $0.id, $0.text] }, json: format.json)
        }
    }

    private static func line(_ entry: HistoryEntry) -> (at: Timestamp, kind: String, id: String, text: String) {
        let attempt = entry.attempt > 0 ? ", attempt \(entry.attempt)" : ""
        let cause = entry.cause.map { ": \($0)" } ?? ""
        return (
            entry.at, "queue", entry.messageID.description, "\(entry.queue) \(entry.event.rawValue)\(attempt)\(cause)"
        )
    }
}
