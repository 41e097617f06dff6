extension ReleasedPopulations {
    /// By how many persons a population of this release differs from the nearest one that the recipient can make of earlier
    /// releases and that is not the same: the whole cohort, or what is behind a figure that all of them tell. Nil when
    /// there is none.
    ///
    /// What can be made is each of the earlier populations; two of them added, where nobody is in both; and one less another,
    /// where that is a part of it. So a cohort cannot be told in slices that leave somebody over. Somebody who is in one of
    /// two populations alone counts as one, so two who changed places count as two. The policy refuses 1 to 4.
    package func smallestDifference(from earlier: [ReleasedPopulations]) -> Int? {
        let persons = earlier.reduce(into: cohort) { $0.formUnion($1.cohort) }
        let places = Dictionary(uniqueKeysWithValues: zip(persons, 0...))
        var nearest = Self.difference(
            PersonSet(cohort, places), from: Set(earlier.map { PersonSet($0.cohort, places) }))
        for (name, population) in cells {
            let others = Set(earlier.compactMap { $0.cells[name] }.map { PersonSet($0, places) })
            let found = Self.difference(PersonSet(population, places), from: others)
            nearest = [nearest, found].compactMap { $0 }.min()
        }
        return nearest
    }

    private static func difference(_ population: PersonSet, from others: Set<PersonSet>) -> Int? {
        let others = Array(others)
        var nearest: Int?
        func compare(_ other: PersonSet) {
            let count = population.difference(from: other)
            if count > 0 { nearest = min(nearest ?? count, count) }
        }
        for (index, first) in others.enumerated() {
            compare(first)
            for second in others[(index + 1)...] {
                let shared = first.sharedCount(with: second)
                let isSumOrRest = shared == 0 || shared == first.count || shared == second.count
                if isSumOrRest { compare(first.combined(with: second)) }
            }
        }
        return nearest
    }
}

/// Some of the persons of several releases, as one bit for each of all: pairs of releases are many, and are compared by words.
private struct PersonSet: Hashable {
    private var words: [UInt64]
    let count: Int

    /// - Parameter places: The bit of each person.
    init(_ population: Set<Int64>, _ places: [Int64: Int]) {
        words = Array(repeating: 0, count: (places.count + 63) / 64)
        for person in population {
            guard let place = places[person] else { continue }
            words[place / 64] |= 1 << UInt64(place % 64)
        }
        count = population.count
    }

    private init(words: [UInt64]) {
        self.words = words
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// How many are in both.
    func sharedCount(with other: PersonSet) -> Int {
        zip(words, other.words).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
    }

    /// How many are in one of the two alone.
    func difference(from other: PersonSet) -> Int {
        zip(words, other.words).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
    }

    /// Those who are in one of the two alone: the sum of two without anybody in common, the rest of one less its part.
    func combined(with other: PersonSet) -> PersonSet { PersonSet(words: zip(words, other.words).map { $0 ^ $1 }) }
}
