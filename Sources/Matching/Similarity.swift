/// How alike two words are, on bytes that are folded already.
enum Similarity {
    /// Jaro's similarity with Winkler's bonus for a common beginning of up to four letters (W. E. Winkler, 1990): 1 for
    /// equal words, 0 for words without anything in common. The same both ways.
    static func jaroWinkler(_ left: [UInt8], _ right: [UInt8]) -> Double {
        guard !left.isEmpty, !right.isEmpty else { return 0 }
        guard left != right else { return 1 }
        // The search is greedy and looks from one side, so the sides have a fixed order.
        let isInOrder = left.count != right.count ? left.count < right.count : left.lexicographicallyPrecedes(right)
        let (a, b) =
            isInOrder ? (left[...].prefix(64), right[...].prefix(64)) : (right[...].prefix(64), left[...].prefix(64))
        let window = max(0, max(a.count, b.count) / 2 - 1)
        var taken: UInt64 = 0
        var matched: UInt64 = 0
        var matches = 0
        for i in a.indices {
            for j in max(0, i - window)..<max(0, i - window, min(b.count, i + window + 1))
            where taken & 1 << UInt64(j) == 0 && a[i] == b[j] {
                taken |= 1 << UInt64(j)
                matched |= 1 << UInt64(i)
                matches += 1
                break
            }
        }
        guard matches > 0 else { return 0 }
        var transposed = 0
        var j = 0
        for i in a.indices where matched & 1 << UInt64(i) != 0 {
            while taken & 1 << UInt64(j) == 0 { j += 1 }
            if a[i] != b[j] { transposed += 1 }
            j += 1
        }
        let m = Double(matches)
        let jaro = (m / Double(a.count) + m / Double(b.count) + (m - Double(transposed) / 2) / m) / 3
        var prefix = 0
        while prefix < min(4, a.count), a[prefix] == b[prefix] { prefix += 1 }
        return jaro + Double(prefix) * 0.1 * (1 - jaro)
    }

    /// Whether one letter was left out, added, changed, or two neighbours were exchanged: a distance of Damerau and
    /// Levenshtein of at most one. Takes one pass.
    static func isOneEdit(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard abs(left.count - right.count) <= 1 else { return false }
        let (short, long) = left.count <= right.count ? (left, right) : (right, left)
        var i = 0
        while i < short.count, short[i] == long[i] { i += 1 }
        if short.count < long.count { return short[i...] == long[(i + 1)...] }
        guard i < short.count else { return true }
        if short[(i + 1)...] == long[(i + 1)...] { return true }
        return i + 1 < short.count && short[i] == long[i + 1] && short[i + 1] == long[i]
            && short[(i + 2)...] == long[(i + 2)...]
    }
}
