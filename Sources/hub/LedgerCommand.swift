import ArgumentParser
import CaseStore
import Channels
import Hub
import Postgres
import Referral

/// `hub ledger`: proof of what was decided and disclosed.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Verify and export the ledger.",
        subcommands: [Verify.self, Export.self]
    )

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recompute the tree; name the first entry that does not hold. Exits 65 when one does not."
        )
        @OptionGroup var installation: InstallationOption

        func run() async throws {
            try await installation.open { hub in
                let result = try await LedgerVerification.run(
                    database: hub.database, checkpointFile: hub.checkpointFile)
                if let fault = result.fault {
                    Output.line("the ledger does not hold: \(fault)")
                    throw ExitCode.badData
                }
                Output.line("the ledger holds: \(result.entries) entries, \(result.checkpoints) checkpoints")
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print entries in order as JSON Lines: position, canonical bytes, salt, commitment, leaf."
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "First position.") var from = 0

        func run() async throws {
            try await installation.open { hub in
                var position = from
                while true {
                    let page = try await hub.database.read { [store = hub.store, position] connection in
                        try store.ledgerPage(from: position, limit: 1_000, in: connection)
                    }
                    for line in page { Output.json(Self.value(of: line)) }
                    guard page.count == 1_000 else { return }
                    position += page.count
                }
            }
        }

        private static func value(of line: LedgerLine) -> Value {
            var object: Object = [
                "position": .number(String(line.position)), "id": .string(line.id.description),
                "at": .string(line.at.rfc3339), "kind": .string(line.kind),
                "commitment": .string(Hexadecimal.text(line.commitment)), "leaf": .string(Hexadecimal.text(line.leaf)),
            ]
            object["salt"] = line.salt.map { .string(Hexadecimal.text($0)) }
            object["bytes"] = line.bytes.map { .string(String(decoding: $0, as: UTF8.self)) }
            return .object(object)
        }
    }
}
