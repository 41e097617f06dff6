/// Random numbers that are the same in every run (SplitMix64), so that a failing input can be had again.
package struct FixedRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Inputs that no parser may trap on.
package enum Hostile {
    /// A document cut off after every byte.
    package static func truncations(of text: String) -> [[UInt8]] {
        let bytes = Array(text.utf8)
        return (0..<bytes.count).map { Array(bytes[..<$0]) }
    }

    /// Bytes drawn from everything, and from what the format makes most of.
    package static func noise(alphabet: String, count: Int, seed: UInt64) -> [[UInt8]] {
        var random = FixedRandom(seed: seed)
        let alphabet = Array(alphabet.utf8)
        return (0..<count).map { index in
            (0..<Int.random(in: 0..<200, using: &random)).map { _ in
                index.isMultiple(of: 4)
                    ? UInt8.random(in: 0...255, using: &random)
                    : alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
        }
    }

    /// A document with a few bytes changed, taken out or doubled.
    package static func mutations(of text: String, count: Int, seed: UInt64) -> [[UInt8]] {
        var random = FixedRandom(seed: seed)
        let original = Array(text.utf8)
        return (0..<count).map { _ in
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(bytes[position], at: position)
                default: bytes.removeSubrange(position..<min(bytes.count, position + 9))
                }
            }
            return bytes
        }
    }
}
