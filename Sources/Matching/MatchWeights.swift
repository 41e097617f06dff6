import Glibc

/// How often each level is seen, of one person described twice (m) and of two persons (u).
///
/// I. P. Fellegi and A. B. Sunter, A Theory for Record Linkage, 1969: the weight of a level is log2(m / u). The figures
/// are this project's own. u of birth date, sex, postcode and the numbers follows from how many values there are; m
/// of names and dates from the rates of mistakes that the synthetic sets 1 to 3 of FEBRL were made with (P. Christen,
/// 2005), rounded; set 4 is left for the test. Where a name or place is frequent, ``MatchPopulation`` says how frequent.
enum MatchWeights {
    /// Named in what is kept with each decision, so that it can be explained by the weights of its time.
    static let version = "weights-1"

    /// Address, postcode, town, phone and e-mail together say no more than this, in bits: all of them are the same for
    /// two who live together.
    static let mostOfHousehold = 16.0

    /// The weight of a level in bits; 0 for one that says nothing.
    static func weight(_ field: MatchField, _ level: MatchLevel) -> Double {
        table[field, default: [:]][level] ?? 0
    }

    /// m of a field that agrees exactly, for when u is known of the very value.
    static func weightOfExact(_ field: MatchField, share: Double) -> Double {
        log2((figures[field]?.first { $0.level == .exact }?.m ?? 0.9) / share)
    }

    private static let table: [MatchField: [MatchLevel: Double]] = figures.mapValues { rows in
        Dictionary(uniqueKeysWithValues: rows.map { ($0.level, log2($0.m / $0.u)) })
    }

    private typealias Row = (level: MatchLevel, m: Double, u: Double)

    private static let figures: [MatchField: [Row]] = [
        .family: [
            (.exact, 0.80, 0.002), (.part, 0.03, 0.001), (.near, 0.10, 0.002), (.sound, 0.015, 0.003),
            (.similar, 0.02, 0.015), (.swapped, 0.02, 0.000_1), (.different, 0.03, 0.98),
        ],
        .given: [
            (.exact, 0.74, 0.006), (.part, 0.03, 0.002), (.nickname, 0.03, 0.001_5), (.initial, 0.01, 0.005),
            (.near, 0.09, 0.005), (.sound, 0.015, 0.006), (.similar, 0.02, 0.02), (.swapped, 0.02, 0.000_3),
            (.different, 0.05, 0.95),
        ],
        .birthDate: [
            (.exact, 0.88, 0.000_04), (.swapped, 0.02, 0.000_04), (.near, 0.06, 0.001), (.part, 0.02, 0.003),
            (.different, 0.02, 0.996),
        ],
        .sex: [(.exact, 0.98, 0.5), (.different, 0.02, 0.5)],
        .address: [
            (.exact, 0.55, 0.000_1), (.near, 0.15, 0.000_8), (.similar, 0.05, 0.006), (.different, 0.25, 0.99),
        ],
        .postcode: [(.exact, 0.72, 0.000_6), (.near, 0.12, 0.004), (.part, 0.04, 0.05), (.different, 0.12, 0.95)],
        .town: [(.exact, 0.80, 0.02), (.near, 0.10, 0.003), (.different, 0.10, 0.97)],
        .phone: [(.exact, 0.60, 0.000_05), (.near, 0.02, 0.000_1), (.different, 0.38, 0.999)],
        .email: [(.exact, 0.60, 0.000_02), (.near, 0.02, 0.000_05), (.different, 0.38, 0.999)],
        .nhsNumber: [
            (.verified, 0.93, 0.000_000_1), (.exact, 0.93, 0.000_001), (.near, 0.05, 0.000_05),
            (.different, 0.02, 0.999),
        ],
        .otherNumber: [(.exact, 0.90, 0.000_01), (.near, 0.04, 0.000_1), (.different, 0.06, 0.99)],
    ]
}
