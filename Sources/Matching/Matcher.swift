import Glibc

/// Tells whether two descriptions are of one person, and why.
///
/// Weights order what people look at. They never join: only a verified NHS number with a second field that agrees does.
package struct Matcher: Sendable {
    package static let version = MatchWeights.version

    package let population: MatchPopulation

    package init(_ population: MatchPopulation) {
        self.population = population
        prior = -log2(Double(max(population.size, 1_000)))
    }

    /// What is known before anything is compared: that one of so many people would be the right one.
    private let prior: Double

    /// In bits, prior included: from here on a person looks. One pair in five there is right, by the weights.
    package static let threshold = -2.0

    /// Compares two descriptions; takes about two microseconds. The same both ways.
    package func compare(_ a: Fingerprint, _ b: Fingerprint) -> MatchScore {
        let names = Comparison.names(a, b)
        var evidence: [MatchEvidence] = []
        evidence.reserveCapacity(MatchField.allCases.count)
        add(.family, names.family, &evidence)
        add(.given, names.given, &evidence)
        add(.birthDate, Comparison.birthDate(a, b), &evidence)
        add(.sex, Comparison.sex(a, b), &evidence)
        let first = evidence.count
        add(.address, Comparison.address(a, b), &evidence)
        add(.postcode, Comparison.postcode(a, b), &evidence)
        add(.town, Comparison.town(a, b), &evidence)
        add(.phone, Comparison.texts(a.phones, b.phones), &evidence)
        add(.email, Comparison.texts(a.emails, b.emails), &evidence)
        let household = evidence[first...].reduce(0) { $0 + $1.weight }
        if household > MatchWeights.mostOfHousehold {
            evidence.append(
                MatchEvidence(field: .household, level: .limited, weight: MatchWeights.mostOfHousehold - household))
        }
        add(.nhsNumber, Comparison.nhsNumber(a, b), &evidence)
        add(.otherNumber, Comparison.otherNumber(a, b), &evidence)
        let weight = evidence.reduce(0) { $0 + $1.weight }
        return MatchScore(
            evidence: evidence, outcome: outcome(evidence, weight), weight: weight,
            probability: 1 / (1 + exp2(-(weight + prior))))
    }

    private func add(_ field: MatchField, _ found: Comparison.Found, _ evidence: inout [MatchEvidence]) {
        var weight = MatchWeights.weight(field, found.level)
        if found.level == .exact, let value = found.value, let share = population.share(of: value, in: field) {
            weight = MatchWeights.weightOfExact(field, share: share)
        }
        evidence.append(MatchEvidence(field: field, level: found.level, weight: weight))
    }

    private func outcome(_ evidence: [MatchEvidence], _ weight: Double) -> MatchOutcome {
        func level(_ field: MatchField) -> MatchLevel { evidence.first { $0.field == field }?.level ?? .missing }
        let (family, given, birthDate) = (level(.family), level(.given), level(.birthDate))
        let nhsNumber = level(.nhsNumber)
        if nhsNumber == .verified {
            return Self.isSecured(family: family, given: given, birthDate: birthDate) ? .same : .notSure
        }
        if nhsNumber == .exact || level(.otherNumber) == .exact { return .notSure }
        // Two who live together agree in all but given name and birth date.
        let isOtherOfHousehold = given == .different && birthDate == .different && nhsNumber != .near
        return !isOtherOfHousehold && weight + prior >= Self.threshold ? .notSure : .new
    }

    /// Whether, beside a verified NHS number, a second field agrees and none contradicts: the birth date, with a given
    /// name that is not another's (twins' numbers are mixed up); or, where the birth date is missing or a slip away,
    /// both names.
    private static func isSecured(family: MatchLevel, given: MatchLevel, birthDate: MatchLevel) -> Bool {
        switch birthDate {
        case .exact: given == .missing || agree(given)
        case .missing, .swapped, .near: agree(given) && agree(family)
        default: false
        }
    }

    private static func agree(_ level: MatchLevel) -> Bool {
        switch level {
        case .exact, .part, .nickname, .initial, .near, .sound, .swapped: true
        default: false
        }
    }
}
