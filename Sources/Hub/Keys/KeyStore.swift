import CaseStore
import Foundation
package import Postgres
import Vault

/// The wrapped keys of the database, backed up apart from the data, for so long and no longer.
///
/// Whoever is erased loses their key in the database at once, and in the backups of the key store as these come to their end:
/// then no backup of the data opens what was about them.
package struct KeyStore: Sendable {
    /// Between two backups.
    static let interval = Duration.seconds(86_400)

    /// What a restore did.
    package struct Restored: Sendable, Equatable {
        package var madeAt: Timestamp
        package var inFile = 0
        package var restored = 0
        /// Of the file, keys that no key of the ring opens.
        package var foreign = 0
        /// Persons who had been erased when the file was made, and now are again.
        package var erased = 0
        /// Of those, the ones that something forbids to erase.
        package var notErased: [UUIDValue] = []
    }

    private let database: Database
    private let store: CaseStore
    private let vault: Vault
    private let settings: Configuration.KeyStoreSettings?
    private let erasures: PersonErasure

    package init(_ installation: Installation) {
        database = installation.database
        store = installation.store
        vault = installation.vault
        settings = installation.configuration.keyStore
        erasures = PersonErasure(installation)
    }

    /// Makes a backup when the last one is a day old, and destroys those whose time is over. Any number of nodes may.
    package func keep(at now: Timestamp = .now()) async throws {
        guard let settings else { return }
        let backups = try Self.backups(in: settings.folder)
        if backups.allSatisfy({ $0.at + Self.interval <= now }) { _ = try await backUp(at: now) }
        for backup in backups where backup.at + settings.kept <= now { try LocalFile.remove(backup.path) }
    }

    /// Makes a backup in the configured folder now.
    ///
    /// - Returns: Its path; nil where none is configured.
    package func backUp(at now: Timestamp = .now()) async throws -> String? {
        guard let settings else { return nil }
        try LocalFile.makeFolder(settings.folder, mode: 0o700)
        let path = "\(settings.folder)/\(Self.name(at: now))"
        // Of two nodes that make one in the same second, one has it.
        guard !LocalFile.exists(path) else { return path }
        try await backUp(to: path, at: now)
        return path
    }

    /// Makes a backup in a file that is not there yet.
    ///
    /// - Returns: How many keys are in it.
    @discardableResult
    package func backUp(to path: String, at now: Timestamp = .now()) async throws -> Int {
        guard !LocalFile.exists(path) else { throw LocalFile.Failure(operation: "link", path: path, code: EEXIST) }
        let file = try KeyStoreFile.Writer(path, madeAt: now, vault: vault)
        var count = 0
        do {
            for keys in WrappedKeys.allCases {
                var after: UUIDValue?
                while true {
                    let page = try await database.read { [store, after] connection in
                        try store.wrapped(keys, after: after, in: connection)
                    }
                    guard let last = page.last else { break }
                    try file.add(page, of: keys)
                    count += page.count
                    after = last.id
                }
            }
            // After the keys: whoever is erased meanwhile is among these, and a restore leaves out the key.
            let erased = try await database.read { [store] in try store.erasedPersons(in: $0) }
            try file.add(erased: erased)
            try file.finish()
        } catch {
            file.discard()
            throw error
        }
        return count
    }

    /// Puts back the keys that the database cannot open or does not have, and erases again whoever had been erased when the
    /// backup was made.
    ///
    /// - Throws: ``KeyStoreFile/Failure``.
    package func restore(from path: String, by actor: String) async throws -> Restored {
        let file = try KeyStoreFile(try LocalFile.read(path, limit: 4 << 30), vault: vault)
        var result = Restored(madeAt: file.madeAt, inFile: file.count)
        let gone = Set(file.erased)
        try await database.transaction { [store] connection in
            try store.lockWrappingKeys(in: connection)
            try store.adoptWrappingKey(in: connection)
        }
        let marks = Set(vault.keyMarks)
        for keys in WrappedKeys.allCases {
            let kept = (file.keys[keys] ?? []).filter { keys != .persons || !gone.contains($0.id) }
            let good = kept.filter { Vault.mark(of: $0.wrapped).map(marks.contains) ?? false }
            result.foreign += kept.count - good.count
            for start in stride(from: 0, to: good.count, by: 5000) {
                let part = Array(good[start..<min(start + 5000, good.count)])
                result.restored += try await database.transaction { [store] connection in
                    try store.restore(part, of: keys, in: connection)
                }
            }
        }
        for person in file.erased {
            switch try await erasures.erase(person, authority: "restore", by: actor) {
            case .erased: result.erased += 1
            case .refused: result.notErased.append(person)
            case .before, .noPerson: break
            }
        }
        return result
    }

    // MARK: The folder

    /// A backup, and when it was made, as its name says.
    package struct Backup: Sendable, Equatable {
        package var path: String
        package var at: Timestamp
    }

    /// The backups in a folder, the oldest first; none where there is no folder.
    package static func backups(in folder: String) throws -> [Backup] {
        guard LocalFile.exists(folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { name in
            time(of: name).map { Backup(path: "\(folder)/\(name)", at: $0) }
        }.sorted { $0.at < $1.at }
    }

    private static func name(at now: Timestamp) -> String {
        let text = now.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }
        return "keys-\(text)Z.hubkeys"
    }

    /// Nil for a file that is none of ours.
    private static func time(of name: String) -> Timestamp? {
        guard name.hasPrefix("keys-"), name.hasSuffix("Z.hubkeys") else { return nil }
        let text = Array(name.dropFirst(5).dropLast(9))
        guard text.count == 15, text[8] == "T" else { return nil }
        func part(_ range: Range<Int>) -> String { String(text[range]) }
        return Timestamp(
            rfc3339:
                "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }
}
