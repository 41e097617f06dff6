/// The members of an object in the order in which they were written, each key once.
///
/// A handful of members is searched one by one, which is quicker than hashing; past ``indexThreshold`` an index is kept, so
/// that an object with very many keys cannot be used to make the hub slow. Equality does not count the order.
package struct Object: Sendable {
    /// The keys in order.
    package private(set) var keys: [String] = []
    /// The values in the order of ``keys``.
    package private(set) var values: [Value] = []
    private var positions: [String: Int] = [:]

    private static let indexThreshold = 16

    /// An object without members.
    package init() {}

    /// An object of the pairs in their order. A later pair replaces the value of an earlier one with the same key.
    package init(_ pairs: some Sequence<(String, Value)>) {
        for (key, value) in pairs { self[key] = value }
    }

    /// The number of members.
    package var count: Int { keys.count }

    /// The value of a key. Setting a new key appends it, setting nil removes the member.
    package subscript(_ key: String) -> Value? {
        get { position(of: key).map { values[$0] } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): values[position] = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(value, for: key)
            case (nil, nil): break
            }
        }
    }

    /// Appends a member unless its key is there already. Readers of formats that forbid duplicate keys use it.
    ///
    /// - Returns: false when the key was there; the object is then unchanged.
    package mutating func insert(_ value: Value, for key: String) -> Bool {
        guard position(of: key) == nil else { return false }
        append(value, for: key)
        return true
    }

    private func position(of key: String) -> Int? {
        keys.count > Self.indexThreshold ? positions[key] : keys.firstIndex(of: key)
    }

    private mutating func append(_ value: Value, for key: String) {
        keys.append(key)
        values.append(value)
        if keys.count == Self.indexThreshold + 1 {
            index()
        } else if keys.count > Self.indexThreshold {
            positions[key] = keys.count - 1
        }
    }

    private mutating func remove(at position: Int) {
        keys.remove(at: position)
        values.remove(at: position)
        positions.removeAll()
        if keys.count > Self.indexThreshold { index() }
    }

    private mutating func index() {
        for (position, key) in keys.enumerated() { positions[key] = position }
    }
}

extension Object: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { keys.count }
    package subscript(position: Int) -> (key: String, value: Value) { (keys[position], values[position]) }
}

extension Object: Hashable {
    package static func == (left: Object, right: Object) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        var members = 0
        for (key, value) in self {
            var member = Hasher()
            member.combine(key)
            member.combine(value)
            members ^= member.finalize()
        }
        hasher.combine(count)
        hasher.combine(members)
    }
}

extension Object: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }
}
