import ArgumentParser
import CaseStore
import Glibc
import Hub
import Postgres
import Referral
import Vault

/// `hub keys`: the keys by which everything personal is sealed.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Change the installation's key while the hub serves, and back up the key store.",
        discussion: """
            Every document and every person has a data key; the installation's key wraps them. `rotate` wraps them by a new \
            one; `retire` then takes the old one off the key file, and what it wraps in old backups opens by nobody.
            """,
        subcommands: [List.self, Rotate.self, Retire.self, Backup.self, Restore.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The keys of the key file: mark, day made, state, and how many data keys each wraps.",
            discussion: """
                States: current wraps; next is not in use yet; old only opens; missing wraps data keys and is not in the key \
                file.
                """
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var format: JSONOption

        func run() async throws {
            try await installation.open { hub in
                let rows = try await KeyList(hub).keys().map { key in
                    [
                        key.mark, key.madeOn ?? "", key.state.rawValue, String(key.wraps),
                        key.nodes.joined(separator: " "),
                    ]
                }
                Output.table(["mark", "made", "state", "wraps", "on_disk_of"], rows, json: format.json)
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new key and wrap every data key by it; go on where an earlier run broke off.",
            discussion: """
                The hub may serve meanwhile. The new key is written into the key file; every running node must have it before \
                it is used. Nodes that share the file take it over within a second. Copy it to the others, and restart those \
                that have it as a systemd credential; run the command again if it gave up waiting. Exits 65 then.
                """
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var place: PlaceOption
        @Option(help: "How many seconds to wait for other nodes.") var wait = 120
        @Option(help: "How many data keys in one transaction.") var batch = 1000
        @Option(help: "Who does it: an id, not a name.") var by: String

        func validate() throws {
            guard (1...10_000).contains(batch), wait >= 0 else {
                throw ValidationError("--batch must be from 1 to 10000, and --wait not negative.")
            }
        }

        func run() async throws {
            try await installation.open { hub in
                let outcome = try await KeysCommand.explaining {
                    let isTerminal = isatty(STDERR_FILENO) == 1
                    defer { if isTerminal { Output.bytes([0x0A], to: STDERR_FILENO) } }
                    return try await KeyRotation(hub, file: place.file).rotate(
                        by: by, patience: .seconds(wait), batch: batch
                    ) { step in
                        switch step {
                        case .waiting(let nodes):
                            Output.remark("waiting for the new key on \(nodes.joined(separator: ", "))")
                        case .wrapping(let done, let total):
                            guard isTerminal else { return }
                            Output.bytes(Array("\r\(done) of \(total) wrapped anew".utf8), to: STDERR_FILENO)
                        }
                    }
                }
                Output.line(
                    "\(outcome.mark) wraps everything: \(outcome.rewrapped) data keys wrapped anew"
                        + (outcome.isNew ? "" : ", an earlier rotation finished"))
                // Sealed by the new key: one that the old one seals would end with it.
                if hub.store.currentMark == outcome.mark, let path = try await KeyStore(hub).backUp() {
                    Output.line("key store backed up: \(path)")
                }
                Output.remark("Copy the key file to its two safe places now.")
            }
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an old key off the key file for good. Exits 65 while anything needs it.",
            discussion: """
                Backups of the data that were made before the rotation open by nobody from then on, unless the key store's \
                backup of after the rotation is restored with them. Destroy the copies of the old key file too.
                """
        )
        @OptionGroup var installation: InstallationOption
        @OptionGroup var place: PlaceOption
        @Argument(help: "The key's mark, as `hub keys list` shows it.") var mark: String
        @Option(help: "A node that is no more, whose disk is not to be waited for.") var without: [String] = []
        @Option(help: "Who does it: an id, not a name.") var by: String

        func run() async throws {
            try await installation.open { hub in
                try await KeysCommand.explaining {
                    let rotation = try KeyRotation(hub, file: place.file)
                    for node in without { try await rotation.forget(node: node) }
                    try await rotation.retire(mark, by: by)
                }
                Output.line("\(mark) is retired")
            }
        }
    }

    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Back up the key store: every wrapped key, apart from what it seals.",
            discussion: """
                Without --to, into the folder of `key_store`, where a running hub makes one each day and destroys those whose \
                time is over. It opens by the installation's key only. Keep no copy longer than `key_store.keep_days`: \
                as long as there is one, whoever was erased since is readable in backups of the data.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "The file, which must not be there yet.") var to: String?

        func run() async throws {
            try await installation.open { hub in
                try await KeysCommand.explaining {
                    let keys = KeyStore(hub)
                    if let to {
                        let count = try await keys.backUp(to: to)
                        Output.line("\(to): \(count) keys")
                    } else if let path = try await keys.backUp() {
                        Output.line(path)
                    } else {
                        throw ValidationError("Give --to FILE, or configure key_store.")
                    }
                }
            }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put back keys that the database does not have or cannot open; whoever was erased stays so.",
            discussion: """
                For a database that was restored from a backup. Take the newest backup of the key store: it knows everybody \
                who was erased before it was made, and they are erased again. Exits 65 when some cannot be opened.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "The backup.") var from: String
        @Option(help: "Who does it: an id, not a name.") var by: String

        func run() async throws {
            try await installation.open { hub in
                let result = try await KeysCommand.explaining { try await KeyStore(hub).restore(from: from, by: by) }
                Output.line(
                    "of \(result.madeAt.rfc3339): \(result.inFile) keys, \(result.restored) put back, "
                        + "\(result.erased) persons erased again")
                for person in result.notErased {
                    Output.remark("\(person) was erased and cannot be now: `hub person erase \(person)` says why")
                }
                if result.foreign > 0 {
                    Output.remark("\(result.foreign) keys are wrapped by a key that the key file does not hold")
                }
                if result.foreign > 0 || !result.notErased.isEmpty { throw ExitCode.badData }
            }
        }
    }

    /// Runs `body`; what is in the way of it ends the command with 65.
    private static func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as KeyRotationError {
            Output.remark("\(error)")
            throw ExitCode.badData
        } catch let error as VaultError {
            Output.remark("the key file: \(error)")
            throw ExitCode.badData
        } catch let error as KeyStoreFile.Failure {
            Output.remark("\(error)")
            throw ExitCode.badData
        } catch let error as LocalFile.Failure {
            Output.remark("\(error)")
            throw ExitCode.badData
        }
    }
}

/// `--file`, where the key file of the configuration is a copy.
struct PlaceOption: ParsableArguments {
    @Option(help: "The key file to change. Defaults to the configuration's; needed where that is a credential.")
    var file: String?
}
