import Synchronization

/// Unwrapped data keys that were used lately, so that a retried delivery does not unwrap again.
///
/// Two generations stand for an exact LRU list: what is used moves to the young one; when that is full the old one
/// is dropped. At most `2 * capacity` keys are held in memory.
///
/// They are found by their wrapped forms, which whoever uses one has just read from the database. So a key whose wrapped form
/// was destroyed is asked for by nobody any more, on whichever node; and ``age()`` sees to it that it does not stay in memory.
final class KeyCache: Sendable {
    private struct Generations {
        var young: [[UInt8]: DataKey] = [:]
        var old: [[UInt8]: DataKey] = [:]
    }

    private let capacity: Int
    private let generations = Mutex(Generations())

    /// - Parameter capacity: Keys in each generation.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// The key, if it was used lately; asking keeps it young.
    subscript(wrapped: [UInt8]) -> DataKey? {
        generations.withLock { generations in
            if let key = generations.young[wrapped] { return key }
            guard let key = generations.old[wrapped] else { return nil }
            Self.insert(key, for: wrapped, capacity: capacity, into: &generations)
            return key
        }
    }

    /// Remembers a key that was just unwrapped.
    func insert(_ key: DataKey, for wrapped: [UInt8]) {
        generations.withLock { Self.insert(key, for: wrapped, capacity: capacity, into: &$0) }
    }

    /// Forgets a key, wherever it stands.
    func remove(_ wrapped: [UInt8]) {
        generations.withLock {
            $0.young[wrapped] = nil
            $0.old[wrapped] = nil
        }
    }

    /// Forgets what was not asked for since the last time.
    func age() {
        generations.withLock {
            $0.old = $0.young
            $0.young = [:]
        }
    }

    /// Keys in memory.
    var count: Int { generations.withLock { Set($0.young.keys).union($0.old.keys).count } }

    private static func insert(_ key: DataKey, for wrapped: [UInt8], capacity: Int, into generations: inout Generations)
    {
        if generations.young.count >= capacity {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[wrapped] = key
    }
}
