import Crypto
import FoundationEssentials

/// The keys of an installation, as its key file holds them: one or more that wrap data keys, the oldest first, and what blind
/// indexes are made by.
///
/// A line for each. The file of an installation that never changed its key is one line, as it always was:
///
///     hub-key-1:<base64>              the first key: it wraps, and indexes are derived from it
///     hub-wrap-1:<day>:<base64>       a later key, and the day it was made; it only wraps
///     hub-index-1:<domain>:<base64>   in place of the first key once that is retired: the key of each blind index
///
/// What wraps can be changed while the hub serves, because a data key is all that has to be wrapped anew. What indexes are
/// made by cannot: every index of every person, submission and message would have to be computed again out of data that is
/// sealed, and the ids of submissions, which recognise a repeat for ever, out of documents that are gone. So a new wrapping
/// key leaves the indexes as they are, and retiring the first key keeps of it the index keys alone, from which the first key
/// cannot be computed (HKDF is one-way): they find, and open nothing.
package struct KeyRing: Sendable {
    /// A key that wraps.
    package struct Key: Sendable {
        package let key: InstallationKey
        /// `yyyy-mm-dd`; nil of the first, of which the file does not say it.
        package let madeOn: String?

        package var mark: [UInt8] { key.mark }
    }

    /// What blind indexes are made by.
    enum Index: Sendable {
        case derived(from: InstallationKey)
        /// The first key is retired. The seed is for domains that came later.
        case kept([String: InstallationKey], seed: InstallationKey)
    }

    /// The oldest first.
    package private(set) var keys: [Key]
    let index: Index

    /// A ring of one.
    package init(_ key: InstallationKey) {
        keys = [Key(key: key, madeOn: nil)]
        index = .derived(from: key)
    }

    private init(keys: [Key], index: Index) {
        self.keys = keys
        self.index = index
    }

    /// Reads a ring.
    ///
    /// - Throws: ``VaultError/malformedKeyFile``.
    package init(text: String) throws(VaultError) {
        guard text.hasSuffix("\n") else { throw .malformedKeyFile }
        var keys: [Key] = []
        var first: InstallationKey?
        var kept: [String: InstallationKey] = [:]
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            switch (parts[0], parts.count) {
            case ("hub-key-1", 2) where keys.isEmpty && kept.isEmpty:
                let key = try InstallationKey(base64: parts[1])
                first = key
                keys.append(Key(key: key, madeOn: nil))
            case ("hub-wrap-1", 3):
                keys.append(Key(key: try InstallationKey(base64: parts[2]), madeOn: String(parts[1])))
            case ("hub-index-1", 3) where first == nil && kept[String(parts[1])] == nil:
                kept[String(parts[1])] = try InstallationKey(base64: parts[2])
            default: throw .malformedKeyFile
            }
        }
        guard !keys.isEmpty, Set(keys.map(\.mark)).count == keys.count else { throw .malformedKeyFile }
        if let first {
            self.init(keys: keys, index: .derived(from: first))
        } else {
            guard let seed = kept.removeValue(forKey: Self.seed) else { throw .malformedKeyFile }
            self.init(keys: keys, index: .kept(kept, seed: seed))
        }
    }

    /// As the file holds it.
    package var text: String {
        var lines: [String] = []
        if case .kept(let kept, let seed) = index {
            for (domain, key) in kept.sorted(by: { $0.key < $1.key }) + [(Self.seed, seed)] {
                lines.append("hub-index-1:\(domain):\(key.base64)")
            }
        }
        for key in keys {
            lines.append(key.madeOn.map { "hub-wrap-1:\($0):\(key.key.base64)" } ?? "hub-key-1:\(key.key.base64)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads a key file.
    ///
    /// - Throws: ``VaultError/keyFile(_:)`` with the system's error number when it cannot be read,
    ///   ``VaultError/keyFileTooOpen`` when anybody but its owner may read it, ``VaultError/malformedKeyFile``
    ///   when it is not a key file.
    package static func load(file: String) throws(VaultError) -> KeyRing {
        try KeyRing(text: KeyFile.read(file))
    }

    /// The ring with a new key at its end.
    ///
    /// - Parameter day: `yyyy-mm-dd`.
    package func adding(_ key: InstallationKey = InstallationKey(), madeOn day: String) -> KeyRing {
        precondition(!day.contains(":") && !day.contains("\n"), "a day is yyyy-mm-dd")
        // Four bytes may be alike by chance; then nobody could tell which of the two wrapped something.
        guard !keys.contains(where: { $0.mark == key.mark }) else { return adding(madeOn: day) }
        return KeyRing(keys: keys + [Key(key: key, madeOn: day)], index: index)
    }

    /// The ring without a key; nil where it is not on it, or is its only one.
    package func retiring(_ mark: [UInt8]) -> KeyRing? {
        let rest = keys.filter { $0.mark != mark }
        guard rest.count < keys.count, !rest.isEmpty else { return nil }
        guard case .derived(let first) = index, first.mark == mark else { return KeyRing(keys: rest, index: index) }
        var kept: [String: InstallationKey] = [:]
        for domain in BlindDomain.allCases {
            kept[domain.rawValue] = InstallationKey(secret: blindKey(domain))
        }
        let seed = InstallationKey(secret: first.derived("index"))
        return KeyRing(keys: rest, index: .kept(kept, seed: seed))
    }

    /// The key of a domain's blind indexes.
    func blindKey(_ domain: BlindDomain) -> SymmetricKey {
        switch index {
        case .derived(let first): first.derived("blind/\(domain.rawValue)")
        case .kept(let kept, let seed): kept[domain.rawValue]?.secret ?? seed.derived("blind/\(domain.rawValue)")
        }
    }

    /// Whether both find the same: rings of one installation do.
    func findsAs(_ other: KeyRing) -> Bool {
        BlindDomain.allCases.allSatisfy { blindKey($0) == other.blindKey($0) }
    }

    /// The name under which the file has ``Index/kept(_:seed:)``'s seed; no domain has it.
    private static let seed = "*"
}

extension InstallationKey {
    fileprivate init(secret: SymmetricKey) {
        self.secret = secret
    }
}
