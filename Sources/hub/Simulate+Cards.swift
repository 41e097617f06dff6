import ArgumentParser
import CaseStore
import Channels
import Hub
import Postgres
import Referral
import Simulators

extension Simulate {
    struct Cards: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Save invented access cards for persons of an installation, for look-ups to be measured.",
            discussion: """
                The first persons in order of arrival, who must be there, get a card each, with a UPRN of its own, in \
                place of any that they have: so only where `environment` is test.
                """
        )
        @OptionGroup var installation: InstallationOption
        @Option(help: "For how many persons.") var count: Int
        @Option(help: "File to write, with a UPRN on each line: those by which the cards are found.") var uprns: String

        /// Cards of one transaction.
        private static let batch = 500
        /// Messages that are read at once.
        private static let page = 1_000
        private static let firstUPRN = 100_000_000

        func validate() throws {
            guard (1...1_000_000).contains(count) else { throw ValidationError("--count: 1 to 1000000.") }
        }

        func run() async throws {
            try await installation.open { hub in
                guard hub.configuration.environment == .test else {
                    Output.remark("Invented cards take the place of others: they are for `environment: test`.")
                    throw ExitCode.badConfiguration
                }
                let persons = try await self.persons(of: hub)
                guard persons.count == count else {
                    Output.remark("There are only \(persons.count) persons.")
                    throw ExitCode.badData
                }
                let day = String(CivilTime.rfc3339(WallClock.now()).prefix(10))
                var found: [String] = []
                for start in stride(from: 0, to: persons.count, by: Self.batch) {
                    let batch = (start..<min(start + Self.batch, persons.count)).map { index in
                        let uprn = String(Self.firstUPRN + index)
                        let card = InventedPerson(seed: 1, number: index).accessCard(uprn: uprn, verifiedOn: day)
                        return (person: persons[index], body: StrictJSON.write(card), uprn: uprn)
                    }
                    let saved = try await SharingOutput.checked {
                        try await AccessCards(hub).save(batch.map { (person: $0.person, body: $0.body) }, by: "bench")
                    }
                    found += batch.filter { saved.contains($0.person) }.map(\.uprn)
                }
                try LocalFile.write(Array(found.map { $0 + "\n" }.joined().utf8), to: uprns)
                Output.line("\(found.count) cards saved, their UPRNs written to \(uprns)")
            }
        }

        /// Those of whom the first messages tell, each once.
        private func persons(of hub: Installation) async throws -> [UUIDValue] {
            var persons: [UUIDValue] = []
            var met: Set<UUIDValue> = []
            var last: UUIDValue?
            while persons.count < count {
                let referrals = try await hub.database.read { [store = hub.store, last] connection in
                    try store.referrals(after: last, limit: Self.page, in: connection)
                }
                guard let end = referrals.last else { break }
                for referral in referrals where met.insert(referral.person).inserted { persons.append(referral.person) }
                last = end.id
            }
            return Array(persons.prefix(count))
        }
    }
}
