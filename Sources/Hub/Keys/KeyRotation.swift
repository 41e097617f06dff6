import CaseStore
import Channels
import Ledger
import Postgres
import Vault

/// Changes the key by which data keys are wrapped, while the hub serves.
///
/// A new key is put at the end of the key file; when every running process has it, all begin to wrap by it; then what the
/// others wrap is wrapped anew, in batches. Each step can be broken off: the next run goes on where things stand. The old key
/// stays on the ring and opens until it is retired.
package struct KeyRotation: Sendable {
    /// How far it is.
    package enum Step: Sendable, Equatable {
        /// These nodes do not have the new key yet, or wrap by another.
        case waiting(nodes: [String])
        case wrapping(done: Int, of: Int)
    }

    /// What it did.
    package struct Outcome: Sendable {
        package var mark: String
        /// Whether a new key was made, and not an earlier run finished.
        package var isNew: Bool
        package var rewrapped: Int
    }

    private let database: Database
    private let store: CaseStore
    private let vault: Vault
    private let file: String
    private let owner: @Sendable () throws -> Database

    /// - Parameter file: The key file to be changed; left out, that of the configuration.
    /// - Throws: ``KeyRotationError/credential`` where that is a copy which systemd made; ``VaultError``.
    package init(_ installation: Installation, file: String? = nil) throws {
        let configured = installation.configuration.keyFile
        if file == nil, let folder = KeyFile.credentialsFolder, configured.hasPrefix(folder + "/") {
            throw KeyRotationError.credential
        }
        self.file = file ?? configured
        database = installation.database
        if let file {
            // The process's own keys are of the copy.
            vault = Vault(ring: try KeyRing.load(file: file), file: file)
            store = CaseStore(vault: vault)
            guard vault.use(installation.vault.keyMark) else {
                throw KeyRotationError.notOnRing(installation.store.currentMark)
            }
        } else {
            vault = installation.vault
            store = installation.store
        }
        owner = { try installation.ownerDatabase() }
    }

    /// Rotates, or finishes what an earlier run began.
    ///
    /// - Parameters:
    ///   - patience: How long other nodes are waited for.
    ///   - batch: Rows in a transaction.
    /// - Throws: ``KeyRotationError``, with what to do.
    package func rotate(
        by actor: String, patience: Duration = .seconds(120), batch: Int = 1000,
        progress: @Sendable (Step) -> Void = { _ in }
    ) async throws -> Outcome {
        let (mark, isNew) = try await next()
        try await wait(patience, progress) { $0.marks.contains(mark) }
        guard vault.use(hexadecimal: mark) else { throw KeyRotationError.notOnRing(mark) }
        try await database.transaction { [store] connection in
            try store.use(wrappingKey: mark, by: actor, in: connection)
        }
        try await wait(patience, progress) { $0.mark == mark }
        let rewrapped = try await rewrap(batch, progress)
        return Outcome(mark: mark, isNew: isNew, rewrapped: rewrapped)
    }

    /// The key to wrap by: one that an earlier run made and did not bring into use, the current one while it does not wrap
    /// everything, or else a new one.
    private func next() async throws -> (mark: String, isNew: Bool) {
        try await database.transaction { [store, vault, file] connection in
            try store.lockWrappingKeys(in: connection)
            let known = try store.wrappingKeys(in: connection)
            let current = known.first(where: \.isCurrent)?.mark ?? store.currentMark
            if let begun = known.first(where: { $0.currentSince == nil && $0.retiredAt == nil }) {
                return (begun.mark, true)
            }
            if try store.countWrapped(in: connection).contains(where: { $0.key != current }) { return (current, false) }
            let ring = try KeyRing.load(file: file)
            let marks = ring.keys.map { Hexadecimal.text($0.mark) }
            guard marks.contains(current) else { throw KeyRotationError.notOnRing(current) }
            // One that was written before the run broke off is taken.
            if let last = marks.last, last != current, !known.contains(where: { $0.mark == last }) {
                try store.add(wrappingKey: last, in: connection)
                return (last, true)
            }
            let day = String(Timestamp.now().rfc3339.prefix(10))
            let longer = ring.adding(madeOn: day)
            let mark = Hexadecimal.text(longer.keys[longer.keys.count - 1].mark)
            try store.add(wrappingKey: mark, in: connection)
            // Before the commit: the database never names a key that is nowhere.
            try KeyFile.replace(file, text: longer.text)
            try? vault.rereadKeys()
            return (mark, true)
        }
    }

    private func wait(
        _ patience: Duration, _ progress: @Sendable (Step) -> Void, until isReady: @Sendable (KeyProcess) -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + patience
        var told: [String] = []
        while true {
            try? vault.rereadKeys()
            let running = try await database.read { [store] connection in
                try store.keyProcesses(seenWithin: KeyKeeper.patience, in: connection).running
            }
            let late = Set(running.filter { !isReady($0) }.map(\.node)).sorted()
            if late.isEmpty { return }
            if late != told { progress(.waiting(nodes: late)) }
            told = late
            guard ContinuousClock.now < deadline else { throw KeyRotationError.late(nodes: late) }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Until a round finds nothing more: what others hold is left for the next.
    private func rewrap(_ batch: Int, _ progress: @Sendable (Step) -> Void) async throws -> Int {
        let current = store.currentMark
        let total = try await remaining(besides: current)
        var done = 0
        var foreign = 0
        progress(.wrapping(done: 0, of: total))
        var isFirst = true
        repeat {
            // What is left is held by somebody.
            if !isFirst { try await Task.sleep(for: .seconds(1)) }
            isFirst = false
            foreign = 0
            for keys in WrappedKeys.allCases {
                var after: UUIDValue?
                while let part = try await database.transaction({ [store, after] connection in
                    try store.rewrap(keys, after: after, limit: batch, in: connection)
                }) {
                    after = part.last
                    done += part.rewrapped
                    foreign += part.foreign
                    progress(.wrapping(done: done, of: max(total, done)))
                }
            }
            if foreign > 0 { throw KeyRotationError.foreign(foreign) }
        } while try await remaining(besides: current) > 0
        return done
    }

    private func remaining(besides mark: String) async throws -> Int {
        try await database.read { [store] connection in
            try store.countWrapped(in: connection).reduce(0) { $1.key == mark ? $0 : $0 + $1.value }
        }
    }

    /// Takes a key off the ring for good: what it wraps, in this database or in any backup, opens by nobody any more.
    ///
    /// - Parameters:
    ///   - mark: In hexadecimal.
    ///   - settled: How long the key that wraps now must have. Whoever wrapped by the old one before has stored it by then.
    /// - Throws: ``KeyRotationError`` while anything needs the key.
    package func retire(_ mark: String, by actor: String, settled: Duration = .seconds(60)) async throws {
        let owner = try owner()
        do {
            try await owner.transaction { [store, file] connection in
                try connection.execute("SET LOCAL lock_timeout = '20s'")
                try store.lockWrappingKeys(in: connection)
                // Not before nobody else can write it.
                let ring = try KeyRing.load(file: file)
                guard let bytes = ring.keys.map(\.mark).first(where: { Hexadecimal.text($0) == mark }) else {
                    throw KeyRotationError.notOnRing(mark)
                }
                let current = try store.wrappingKeys(in: connection).first(where: \.isCurrent)
                guard let current, current.mark != mark, let since = current.currentSince else {
                    throw KeyRotationError.isCurrent(mark)
                }
                guard Timestamp.now() >= since + settled else { throw KeyRotationError.tooSoon(settled) }
                let (running, gone) = try store.keyProcesses(seenWithin: KeyKeeper.patience, in: connection)
                let needing =
                    running.filter { $0.mark == mark || $0.held.contains(mark) }
                    + gone.filter { $0.held.contains(mark) }
                guard needing.isEmpty else {
                    throw KeyRotationError.needed(mark, nodes: Set(needing.map(\.node)).sorted())
                }
                try CaseStore.holdWrapped(in: connection)
                let count = try store.countWrapped(in: connection)[mark] ?? 0
                guard count == 0 else { throw KeyRotationError.stillWraps(mark, count) }
                guard let shorter = ring.retiring(bytes) else { throw KeyRotationError.isCurrent(mark) }
                try store.sealStaffAnew(in: connection)
                try store.retire(wrappingKey: mark, by: actor, in: connection)
                try KeyFile.replace(file, text: shorter.text)
            }
        } catch {
            await owner.close()
            throw error
        }
        await owner.close()
        try? vault.rereadKeys()
    }

    /// Takes a node off the list that is no more, with whatever its disk holds.
    package func forget(node: String) async throws {
        try await database.transaction { [store] connection in try store.forget(node: node, in: connection) }
    }
}

/// Why keys cannot be changed now, and what to do.
package enum KeyRotationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The key file is a copy that systemd made for the service.
    case credential
    case notOnRing(String)
    case isCurrent(String)
    case late(nodes: [String])
    /// So many keys are wrapped by one that nobody here has.
    case foreign(Int)
    case stillWraps(String, Int)
    case needed(String, nodes: [String])
    case tooSoon(Duration)

    package var description: String {
        switch self {
        case .credential:
            "the key file is a copy that systemd made: give --file, the file that LoadCredential= names"
        case .notOnRing(let mark):
            "the key file does not hold the key \(mark): take the file that does, or `hub keys list` for those it holds"
        case .isCurrent(let mark): "the key \(mark) is the one that wraps: `hub keys rotate` makes another first"
        case .late(let nodes):
            "\(nodes.joined(separator: ", ")): not at the new key yet. Give them the key file (restart where it is a "
                + "credential of systemd's), then run `hub keys rotate` again: it goes on from here"
        case .foreign(let count):
            "\(count) data keys are wrapped by a key that the key file does not hold: put that one back into it, and run "
                + "`hub keys rotate` again"
        case .stillWraps(let mark, let count):
            "\(count) data keys are wrapped by the key \(mark): `hub keys rotate` wraps them anew"
        case .needed(let mark, let nodes):
            "\(nodes.joined(separator: ", ")): needs the key \(mark), to wrap by or for the looks on its disk. Have the hub "
                + "run there; of a node that is no more, `hub keys retire \(mark) --without NODE`"
        case .tooSoon(let settled):
            "another key wraps since a moment ago; what was under way is stored \(settled.components.seconds) s after that. "
                + "Try again then"
        }
    }
}
