import ArgumentParser
import CaseStore
import Hub
import Ledger
import Postgres

/// `hub ledger`: proof of what was decided and disclosed.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Verify, prove and export the ledger.",
        subcommands: [Verify.self, Prove.self, Export.self, Key.self, Bench.self]
    )

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Recompute the tree; name the first entry that does not hold. Exits 65 when one does not.",
            discussion: """
                Every checkpoint of the file must be signed by the ledger's key and have the root of the tree at its size. \
                Name the copies of the file and of the key that are kept elsewhere: who altered the ledger may have altered \
                this machine's. deploy/ledger-verify.py checks the same without the hub.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "The checkpoint file. Defaults to ledger.checkpoints in the data folder.")
        var checkpoints: String?
        @Option(help: "The public key, or several, one a line. Defaults to ledger.pub in the data folder.")
        var key: String?

        func run() async throws {
            try await installation.open(as: .audit) { hub in
                var kept = try hub.keptCheckpoints()
                if let checkpoints { kept.file = CheckpointFile(path: checkpoints) }
                if let key { kept.keys = try LedgerKey.verifiers(file: key) }
                let result = try await LedgerCommand.reading {
                    try await LedgerVerification.run(database: hub.database, kept: kept)
                }
                if let fault = result.fault {
                    Output.line("the ledger does not hold: \(fault)")
                    throw ExitCode.badData
                }
                Output.line(
                    "the ledger holds: \(result.entries) entries, \(result.checkpoints) checkpoints"
                        + (result.erased > 0 ? ", \(result.erased) erased" : ""))
                if result.passedOver > 0 {
                    Output.remark("passed over in \(kept.file.path): \(result.passedOver) that are no whole checkpoint")
                }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print entries in order as JSON Lines: position, ids, canonical bytes, salt, commitment, leaf.",
            discussion: "That the ledger was read is entered in it."
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "First position.") var from = 0

        func run() async throws {
            try await installation.open(as: .audit) { hub in
                try await hub.database.transaction { [store = hub.store] connection in
                    try store.enterLook(at: .ledger, by: "command", in: connection)
                }
                var position = from
                while true {
                    let page = try await hub.database.read { [store = hub.store, position] connection in
                        try store.ledgerPage(from: position, limit: 1_000, in: connection)
                    }
                    for line in page { Output.json(line.value) }
                    guard page.count == 1_000, let last = page.last else { return }
                    position = last.position + 1
                }
            }
        }
    }

    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the public key by which anybody checks the ledger's checkpoints.",
            discussion: "In the form of https://c2sp.org/signed-note: name, key id and key, joined by +."
        )
        @OptionGroup var installation: InstallationOption

        func run() async throws {
            let configuration = try installation.configuration()
            for key in try await InstallationOption.reporting({
                try LedgerKey.verifiers(file: configuration.ledgerPublicKeyPath)
            }) {
                Output.line(key.text)
            }
        }
    }

    /// Runs `body`; a checkpoint file that cannot be read ends the command with 65.
    static func reading<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as CheckpointFileError {
            Output.remark("\(error)")
            throw ExitCode.badData
        }
    }
}
