import Synchronization

/// Unwrapped data keys that were used lately, so that a retried delivery does not unwrap again.
///
/// Two generations stand for an exact LRU list: what is used moves to the young one; when that is full the old one
/// is dropped. At most `2 * capacity` keys are held in memory.
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

    private static func insert(_ key: DataKey, for wrapped: [UInt8], capacity: Int, into generations: inout Generations)
    {
        if generations.young.count >= capacity {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[wrapped] = key
    }
}
