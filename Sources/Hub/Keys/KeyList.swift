import CaseStore
import Channels
import Postgres
import Vault

/// The keys of an installation, and what each is needed for.
package struct KeyList: Sendable {
    package enum State: String, Sendable {
        /// Not in use yet: some node did not have it.
        case next
        case current
        case old
        /// Not in the key file.
        case missing
    }

    package struct Key: Sendable, Equatable {
        package var mark: String
        /// Nil of the first, of which the file does not say it.
        package var madeOn: String?
        package var state: State
        /// Data keys in the database.
        package var wraps: Int
        /// Nodes on whose disk it wraps the key of their looks.
        package var nodes: [String]
    }

    private let database: Database
    private let store: CaseStore
    private let file: String

    package init(_ installation: Installation) {
        database = installation.database
        store = installation.store
        file = installation.configuration.keyFile
    }

    /// The oldest first.
    package func keys() async throws -> [Key] {
        let ring = try KeyRing.load(file: file)
        let (known, counts, processes) = try await database.read { [store] connection in
            (
                try store.wrappingKeys(in: connection), try store.countWrapped(in: connection),
                try store.keyProcesses(seenWithin: KeyKeeper.patience, in: connection)
            )
        }
        let current = known.first(where: \.isCurrent)?.mark ?? store.currentMark
        func key(_ mark: String, _ madeOn: String?, isThere: Bool) -> Key {
            let isUsed = known.isEmpty || known.contains { $0.mark == mark && $0.currentSince != nil }
            let state: State = !isThere ? .missing : mark == current ? .current : isUsed ? .old : .next
            let nodes = Set((processes.running + processes.gone).filter { $0.held.contains(mark) }.map(\.node))
            return Key(mark: mark, madeOn: madeOn, state: state, wraps: counts[mark] ?? 0, nodes: nodes.sorted())
        }
        let there = ring.keys.map { key(Hexadecimal.text($0.mark), $0.madeOn, isThere: true) }
        let missing = Set(counts.keys).subtracting(there.map(\.mark)).sorted().map { key($0, nil, isThere: false) }
        return there + missing
    }
}
