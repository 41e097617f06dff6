/// How many people are known, and how frequent names and places are among them, from a sample.
///
/// That two are called Smith says less than that two are called Thistlewood.
package struct MatchPopulation: Sendable {
    /// How many people somebody is looked for among.
    package var size: Int
    private var sampled = 0
    private var counts: [MatchField: [[UInt8]: Int]] = [:]

    /// Nothing known of frequencies: every name and place counts as one of usual frequency.
    package init(size: Int) {
        self.size = size
    }

    /// - Parameter sample: Persons taken at random.
    package init(size: Int, sample: [Fingerprint]) {
        self.size = size
        sampled = sample.count
        for person in sample {
            if let family = person.families.first { count(.family, Comparison.joined(family)) }
            if let given = person.givens.first?.first { count(.given, given) }
            if let home = person.homes.first {
                if !home.postcode.isEmpty { count(.postcode, home.postcode) }
                if !home.town.isEmpty { count(.town, home.town) }
            }
        }
    }

    private mutating func count(_ field: MatchField, _ value: [UInt8]) {
        counts[field, default: [:]][value, default: 0] += 1
    }

    /// The share of people who have a value; nil while too few were sampled to tell. One that nobody of the sample has
    /// counts as one that half a person has.
    func share(of value: [UInt8], in field: MatchField) -> Double? {
        guard sampled >= Self.enough, let counts = counts[field] else { return nil }
        return min(1, max(0.5, Double(counts[value] ?? 0)) / Double(sampled))
    }

    private static let enough = 500
}
