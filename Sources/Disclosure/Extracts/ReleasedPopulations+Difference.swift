extension ReleasedPopulations {
    /// By how many persons a population of this release differs from the nearest one that the recipient can make of earlier
    /// releases and that is not the same: the whole cohort, or what is behind a figure that all of them tell. Nil when
    /// there is none.
    ///
    /// What can be made is each of the earlier populations; two of them, or any number, added, where nobody is in two; and one
    /// less others, where nobody is in two of those, as far as the rest is within 4 persons of this. So a cohort cannot be
    /// told in slices that leave somebody over, however many they are. What takes sums on both sides, two windows and two that
    /// overlap them, is not looked for. Somebody who is in one of two populations alone counts as one, so two who changed
    /// places count as two. The policy refuses 1 to 4; where looking for a sum takes too long, 1 is given.
    ///
    /// A figure that is told in one of two releases about different cohorts and hidden in the other counts too where it is
    /// within 4 of itself, and even where it is the same: who knows that little changed has the hidden one. It may give 0.
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
        for release in earlier where release.cohort != cohort {
            for (told, hidden) in [(cells, release.hidden), (release.cells, hidden)] {
                for (name, population) in hidden {
                    guard let count = told[name]?.symmetricDifference(population).count, count < 5 else { continue }
                    nearest = min(nearest ?? count, count)
                }
            }
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
        if let nearest, nearest < Summing.limit { return nearest }
        // The new one against sums of earlier ones, and each earlier one against sums that the new one belongs to.
        var found = Summing(target: population, others).nearest()
        for (index, other) in others.enumerated() where other.sharedCount(with: population) > 0 {
            var rest = others
            rest.remove(at: index)
            found = [found, Summing(target: other, rest, with: population).nearest()].compactMap { $0 }.min()
        }
        return [nearest, found].compactMap { $0 }.min()
    }
}

/// Looks for released populations without anybody in common that together are another but for 1 to 4 persons.
private struct Summing {
    /// The policy permits this difference, and more.
    static let limit = 5
    /// So many steps are gone at most; where they do not suffice, a sum is taken to exist.
    static let mostSteps = 5000

    private let target: PersonSet
    private let first: PersonSet?
    private let parts: [PersonSet]
    private var steps = 0
    private var found: Int?

    /// - Parameters:
    ///   - others: Those that may be added up.
    ///   - first: One that is in the sum in any case.
    init(target: PersonSet, _ others: [PersonSet], with first: PersonSet? = nil) {
        self.target = target
        self.first = first
        parts = others.filter { other in
            other != target && other.sharedCount(with: target) > 0 && other.count(without: target) < Self.limit
                && first.map { other.sharedCount(with: $0) == 0 } ?? true
        }
    }

    /// The smallest difference of 1 to 4; nil when there is none.
    func nearest() -> Int? {
        let excess = first?.count(without: target) ?? 0
        let rest = first.map(target.without) ?? target
        let reachable = parts.reduce(rest) { $0.without($1) }
        guard excess < Self.limit, reachable.count + excess < Self.limit else { return nil }
        var search = self
        search.go(rest, parts, excess, isSum: first != nil)
        return search.found
    }

    /// - Parameters:
    ///   - rest: Who of the target is in no part of the sum yet, and may still be.
    ///   - parts: Those that may still be added.
    ///   - difference: How many persons the sum has too many, or will lack.
    ///   - isSum: Whether anything is in it yet: nothing was told by nothing.
    private mutating func go(_ rest: PersonSet, _ parts: [PersonSet], _ difference: Int, isSum: Bool) {
        guard difference < min(found ?? Self.limit, Self.limit) else { return }
        steps += 1
        guard steps <= Self.mostSteps else { return found = 1 }
        guard let person = rest.first else {
            if difference > 0, isSum { found = difference }
            return
        }
        for part in parts where part.contains(person) {
            go(
                rest.without(part), parts.filter { $0.sharedCount(with: part) == 0 },
                difference + part.count(without: target), isSum: true)
        }
        // Or this person is left over, and so is in no part.
        go(rest.without(person), parts.filter { !$0.contains(person) }, difference + 1, isSum: isSum)
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

    /// Somebody of them.
    var first: Int? {
        words.firstIndex { $0 != 0 }.map { $0 * 64 + words[$0].trailingZeroBitCount }
    }

    func contains(_ place: Int) -> Bool { words[place / 64] & 1 << UInt64(place % 64) != 0 }

    /// How many are not in the other.
    func count(without other: PersonSet) -> Int { count - sharedCount(with: other) }

    func without(_ other: PersonSet) -> PersonSet { PersonSet(words: zip(words, other.words).map { $0 & ~$1 }) }

    func without(_ place: Int) -> PersonSet {
        var words = words
        words[place / 64] &= ~(1 << UInt64(place % 64))
        return PersonSet(words: words)
    }
}
