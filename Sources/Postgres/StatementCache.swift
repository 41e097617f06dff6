/// Which statements a connection has prepared, by text and types; the least recently used makes room.
///
/// A statement is prepared at its second use, so one that never comes again costs one round trip and no memory.
package struct StatementCache {
    package struct Key: Hashable {
        package let text: String
        package let types: [UInt32]

        package init(text: String, types: [UInt32]) {
            self.text = text
            self.types = types
        }
    }

    package enum Use: Equatable {
        /// Not seen before: send the text.
        case unprepared
        /// Seen before: prepare it under this name, then execute.
        case prepare(String)
        /// Prepared under this name.
        case prepared(String)
    }

    private struct Entry {
        var name: String?
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0
    private var names: UInt64 = 0

    /// Names that the server still knows and nobody needs: to be deallocated when convenient.
    package private(set) var evicted: [String] = []

    package init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    package mutating func use(_ key: Key) -> Use {
        uses += 1
        guard let entry = entries[key] else {
            if entries.count >= capacity { evictLeastRecentlyUsed() }
            entries[key] = Entry(lastUse: uses)
            return .unprepared
        }
        entries[key]!.lastUse = uses
        if let name = entry.name { return .prepared(name) }
        names += 1
        return .prepare("s\(names)")
    }

    /// The server has prepared it.
    package mutating func prepared(_ key: Key, as name: String) {
        if let former = entries[key]?.name { evicted.append(former) }
        entries[key] = Entry(name: name, lastUse: uses)
    }

    /// The server does not know it any more, or holds an outdated plan for it. Returns whether it was prepared.
    @discardableResult
    package mutating func forget(_ key: Key) -> Bool {
        guard let name = entries.removeValue(forKey: key)?.name else { return false }
        evicted.append(name)
        return true
    }

    package mutating func takeEvicted() -> [String] {
        defer { evicted = [] }
        return evicted
    }

    // Linear, but only when the cache overflows, which a fixed set of statements never makes it do.
    private mutating func evictLeastRecentlyUsed() {
        guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key else { return }
        forget(oldest)
    }
}
