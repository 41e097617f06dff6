import ArgumentParser
import CaseStore
import Channels
import Hub
import Postgres
import Referral
import Simulators
import Translation

extension Simulate {
    struct Bulk: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fill an installation with the messages of years, for its pages to be measured.",
            discussion: """
                Stores invented documents in all five formats as if they had come over the past days, with persons, cases, \
                ledger entries and all else that intake makes of them, by the code that does so for every document. Only the \
                queue is left out, from which what was done long ago is gone. Some are broken, as some always are.

                For `environment: test`, and best while no hub runs. The partners must be there: \
                \(SimulatedDocument.Kind.allCases.map(\.partner).joined(separator: ", ")).
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "How many messages.") var messages: Int
        @Option(help: "About how many persons, the same in every run.") var persons = 20_000
        @Option(help: "Over how many days up to now.") var days = 1_825
        @Option(help: "How many are stored at the same time.") var connections = 2
        @Option(help: "File to write, as CSV: NHS number, name, birth date and postcode of 1,000 of the persons.")
        var people: String?
        @Flag(help: "Print the figures as JSON.") var json = false

        /// Documents of one transaction; no two are about the same person, so that none waits for another.
        private static let batch = 500

        func validate() throws {
            guard messages > 0, days > 0, (1...32).contains(connections), persons >= connections * Self.batch else {
                throw ValidationError(
                    "Messages and days are 1 or more, --connections 1 to 32, --persons \(Self.batch) for each.")
            }
        }

        func run() async throws {
            try await installation.open { hub in
                guard hub.configuration.environment == .test else {
                    Output.remark("Invented messages are for `environment: test`.")
                    throw ExitCode.badConfiguration
                }
                let senders = try await senders(of: hub)
                let now = WallClock.now()
                let past = SimulatedPast(
                    count: messages, persons: persons, days: days, until: now,
                    run: String(now, radix: 36).uppercased())
                if let people { try LocalFile.write(Array(past.people(1_000).utf8), to: people) }
                let began = ContinuousClock.now
                let stored = try await store(past, from: senders, in: hub)
                let seconds = max(1, Int((ContinuousClock.now - began) / .seconds(1)))
                if json {
                    Output.json([
                        "stored": .number("\(stored)"), "seconds": .number("\(seconds)"),
                        "storedPerSecond": .number("\(stored / seconds)"),
                    ])
                } else {
                    Output.line("\(stored) messages stored in \(seconds) s, \(stored / seconds) per second")
                }
            }
        }

        /// The partners who speak for each kind.
        private func senders(of hub: Installation) async throws -> [SimulatedDocument.Kind: Principal] {
            let partners = try await hub.database.read { [store = hub.store] in try store.partners(in: $0) }
            var senders: [SimulatedDocument.Kind: Principal] = [:]
            for kind in SimulatedDocument.Kind.allCases {
                guard let partner = partners.first(where: { $0.id == kind.partner }), partner.isEnabled else {
                    Output.remark("There is no partner \(kind.partner): `hub partner add \(kind.partner)` adds it.")
                    throw ExitCode.badData
                }
                senders[kind] = Principal(partner)
            }
            return senders
        }

        private func store(
            _ past: SimulatedPast, from senders: [SimulatedDocument.Kind: Principal], in hub: Installation
        ) async throws -> Int {
            let intake = Intake(hub)
            let tally = Tally(of: messages)
            // The ledger's entries take their places meanwhile, as they do in a hub that runs.
            let keeping = Task {
                let keeper = LedgerKeeper(hub)
                while true {
                    _ = try await keeper.keep()
                    try await Task.sleep(for: .seconds(1))
                }
            }
            defer { keeping.cancel() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<connections {
                    group.addTask {
                        for start in stride(from: worker * Self.batch, to: messages, by: connections * Self.batch) {
                            let entries = past[start..<min(start + Self.batch, messages)]
                            let arrivals = entries.compactMap { entry in
                                senders[entry.document.kind].map { PastArrival(entry, from: $0) }
                            }
                            let count = try await intake.store(arrivals, in: hub.database)
                            await tally.add(count)
                        }
                    }
                }
                try await group.waitForAll()
            }
            _ = try await LedgerKeeper(hub).keep()
            return await tally.count
        }
    }
}

/// How many messages are stored; says so now and then.
private actor Tally {
    private let whole: Int
    private(set) var count = 0
    /// Messages between two remarks.
    private static let step = 100_000

    init(of whole: Int) { self.whole = whole }

    func add(_ stored: Int) {
        let steps = count / Self.step
        count += stored
        if count / Self.step > steps { Output.remark("\(count) of \(whole) messages stored") }
    }
}

extension PastArrival {
    /// By the way that such a partner takes.
    fileprivate init(_ entry: SimulatedPast.Entry, from sender: Principal) {
        let document = entry.document
        let channel: Arrival.Channel =
            document.kind.isDropped ? .file : document.kind == .hospital ? .mllp : .https
        self.init(
            Arrival(
                sender: sender, channel: channel, format: DocumentFormat.guess(document.bytes),
                fileName: channel == .file ? document.fileName : nil, bytes: document.bytes),
            at: Timestamp(microseconds: entry.at * 1_000_000))
    }
}
