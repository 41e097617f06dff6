import ArgumentParser
import CaseStore
import Hub
import Ledger
import Postgres
import Referral

extension LedgerCommand {
    struct Bench: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Measure appending with signed checkpoints, and verifying, in this installation's database.",
            discussion: """
                The entries stay for ever, so only an installation with `environment: test` is measured. Each connection \
                commits small batches, as the services do, while a pass each second orders them, signs the tree's head and \
                writes it to the checkpoint file; a running hub may do the same beside it. The rate counts until the last \
                entry stands under a signed checkpoint.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "How long to append.") var seconds = 10
        @Option(help: "Connections that append at once.") var connections = 4
        @Option(help: "Entries of a transaction.") var batch = 10
        @Flag(name: .customLong("json"), help: "Print one JSON object.") var isJSON = false

        func validate() throws {
            guard (1...600).contains(seconds) else { throw ValidationError("--seconds: 1 to 600.") }
            guard (1...32).contains(connections) else { throw ValidationError("--connections: 1 to 32.") }
            guard (1...1_000).contains(batch) else { throw ValidationError("--batch: 1 to 1000.") }
        }

        func run() async throws {
            try await installation.open { hub in
                guard hub.configuration.environment == .test else {
                    Output.remark("The ledger only grows: it is measured where `environment` is test.")
                    throw ExitCode.badConfiguration
                }
                let clock = ContinuousClock()
                let started = clock.now
                let appended = try await append(to: hub, until: started + .seconds(seconds))
                let keeper = LedgerKeeper(hub)
                _ = try await keeper.keep()
                let appending = clock.now - started
                let verification = try await LedgerVerification.run(
                    database: hub.database, kept: hub.keptCheckpoints())
                let verifying = clock.now - started - appending
                if let fault = verification.fault {
                    Output.line("the ledger does not hold: \(fault)")
                    throw ExitCode.badData
                }
                report(appended, appending, verification.entries, verifying)
            }
        }

        /// Appends on every connection, with a pass of the keeper each second; gives the number of entries.
        private func append(to hub: Installation, until end: ContinuousClock.Instant) async throws -> Int {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<connections {
                    group.addTask { [store = hub.store, batch] in
                        var count = 0
                        while ContinuousClock.now < end {
                            let entries = (0..<batch).map { _ in
                                store.entry(.view, [.part: LedgerPart.ledger.rawValue, .actor: "bench"])
                            }
                            try await hub.database.transaction { try store.append(entries, in: $0) }
                            count += batch
                        }
                        return count
                    }
                }
                group.addTask {
                    let keeper = LedgerKeeper(hub)
                    while ContinuousClock.now < end {
                        try await keeper.keep()
                        try await Task.sleep(for: .seconds(1))
                    }
                    return 0
                }
                return try await group.reduce(0, +)
            }
        }

        private func report(_ appended: Int, _ appending: Duration, _ verified: Int, _ verifying: Duration) {
            let rates = (
                Int(Double(appended) / (appending / .seconds(1))), Int(Double(verified) / (verifying / .seconds(1)))
            )
            if isJSON {
                return Output.json(
                    .object([
                        "appended": .number(String(appended)), "appended_per_s": .number(String(rates.0)),
                        "verified": .number(String(verified)), "verified_per_s": .number(String(rates.1)),
                    ]))
            }
            Output.line("appended \(appended) entries under signed checkpoints, \(rates.0)/s")
            Output.line("verified \(verified) entries, \(rates.1)/s")
        }
    }
}
