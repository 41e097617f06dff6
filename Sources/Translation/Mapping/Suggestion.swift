/// Finds what a misspelt word was probably meant to be.
enum Suggestion {
    /// `did you mean 'x'?` with the nearest known word, or else the known words themselves when they are few.
    static func remedy(for word: String, among known: [String]) -> String {
        let distances = known.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
        if let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= tolerance(word) {
            return "did you mean '\(best.name)'?"
        }
        if known.isEmpty { return "" }
        return known.count <= 30 ? "known: \(known.sorted().joined(separator: ", "))" : "see adapters/README.md"
    }

    /// How many letters may be wrong: in a short code every one matters.
    private static func tolerance(_ word: String) -> Int {
        switch word.count {
        case ..<3: 0
        case 3, 4: 1
        default: max(2, word.count / 3)
        }
    }

    /// Levenshtein distance, two rows at a time.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var row = Array(0...right.count)
        for i in left.indices {
            var next = [i + 1]
            for j in right.indices {
                next.append(min(next[j] + 1, row[j + 1] + 1, row[j] + (left[i] == right[j] ? 0 : 1)))
            }
            row = next
        }
        return row[right.count]
    }
}
