package import Referral

/// An anonymised extract: tables of counts in long form, and nothing else (disclosure policy, section 9; partner interfaces,
/// section 16).
///
/// By groups: DEMOG gives age band and sex, and both crossed; AREA gives LSOA or ward; NEEDS one table for each need, with
/// those who have it and those who have not, so that neither can be a small number behind the other; SERVICE source and year
/// of referral; OUTCOMES why support ended. No two tables but the crossed one share a sum other than the size of the cohort,
/// so one cannot be set against another. A table that cannot be protected is left out.
package struct CountExtract: Sendable {
    let cells: [CountTable.Cell]
    /// How finely areas are told; nil when they are not.
    package let areaLevel: AreaLevel?
    private let cohort: Set<Int64>
    /// Where areas are told by LSOA: those of each ward, which is a sum of LSOAs.
    private let wards: [String: Set<Int64>]

    /// Counts a cohort. The caller asks the policy about the size of the cohort before anything is published.
    package init(_ cohort: [CohortRecord], groups: Set<FieldGroup>) {
        self.cohort = Set(cohort.map(\.mark))
        var tables: [CountTable?] = []
        if groups.contains(.demographics) {
            let crossed = CountTable(cohort, by: .ageBand, and: .sex)
            tables += crossed.map { [$0] } ?? [CountTable(cohort, by: .ageBand), CountTable(cohort, by: .sex)]
        }
        areaLevel = groups.contains(.area) ? Self.areaLevel(cohort) : nil
        if let areaLevel { tables.append(CountTable(cohort, by: .area(areaLevel, of: cohort))) }
        wards =
            areaLevel == .lsoa
            ? Dictionary(grouping: cohort) { "ward=\(AreaLevel.ward.code(of: $0.area))" }
                .mapValues { Set($0.map(\.mark)) }
            : [:]
        if groups.contains(.needs) { tables += CohortRecord.needs.map { CountTable(cohort, by: .need($0)) } }
        if groups.contains(.service) {
            tables += [CountTable(cohort, by: .source), CountTable(cohort, by: .referralYear(of: cohort))]
        }
        if groups.contains(.outcomes) { tables.append(CountTable(cohort, by: .ending)) }
        let total = CountTable.Cell(dimension: "total", value: "all", mark: .shown, population: self.cohort)
        cells = [total] + tables.compactMap { $0?.cells ?? nil }.flatMap { $0 }
    }

    /// LSOA where every one that has anybody has 20 or more, else ward: geography is not below ward for counts under 20. The
    /// whole extract has one level, as wards are sums of LSOAs. Nil when no area is known of anybody.
    private static func areaLevel(_ cohort: [CohortRecord]) -> AreaLevel? {
        let areas = cohort.compactMap(\.area)
        guard !areas.isEmpty else { return nil }
        let isLarge = Dictionary(grouping: areas, by: \.lsoa).values.allSatisfy { $0.count >= 20 }
        return isLarge ? .lsoa : .ward
    }

    /// Whether any count is `<5` or withheld.
    package var isSuppressed: Bool { cells.contains { $0.mark != .shown } }

    /// The populations behind the counts, for the comparison with other releases: of those that are told or can be worked out,
    /// and of those that are hidden. Worked out are wards from their LSOAs, and for each dimension all that is hidden
    /// together, as the total less what is shown.
    package var populations: ReleasedPopulations {
        func named(_ cells: [CountTable.Cell]) -> [String: Set<Int64>] {
            Dictionary(
                cells.filter { !$0.population.isEmpty }.map { ("\($0.dimension)=\($0.value)", $0.population) },
                uniquingKeysWith: { first, _ in first })
        }
        let hidden = cells.filter { $0.mark != .shown }
        let rests = Dictionary(
            hidden.map { ("\($0.dimension)=(hidden)", $0.population) }, uniquingKeysWith: { $0.union($1) })
        return ReleasedPopulations(
            cohort: cohort,
            cells: named(cells.filter { $0.mark == .shown }).merging(wards) { told, _ in told }
                .merging(rests) { told, _ in told },
            hidden: named(hidden))
    }

    /// The table: `measure`, `dimension`, `value`, `count`.
    package var table: ExtractTable {
        ExtractTable(
            name: "counts",
            columns: [
                .init("measure", .word(["persons"]), "What is counted"),
                .init("dimension", .string, "What it is counted by; * stands between two that are crossed"),
                .init("value", .string, "The value of the dimension; * stands between those of two"),
                .init(
                    "count", .count,
                    "A count; <5 for 1 to 4; empty where it is withheld, because another could be worked out from it"),
            ],
            rows: cells.map { ["persons", $0.dimension, $0.value, $0.text] })
    }
}

extension CountTable.Dimension {
    static let ageBand = Self("age_band", AgeBand.ofCounts) { AgeBand.ofCounts($0.age) }
    static let sex = Self("sex", Sex.allCases.map(\.rawValue)) { ($0.sex ?? .unknown).rawValue }
    static let source = Self("source_code", SourceCode.allCases.map(\.rawValue)) { ($0.source ?? .unknown).rawValue }
    static let ending = Self("ending_code", EndingCode.allCases.map(\.rawValue) + ["none"]) {
        $0.ending?.rawValue ?? "none"
    }

    static func need(_ need: NeedCode) -> Self {
        Self("need_\(need.rawValue)", ["yes", "no"]) { $0.needs.contains(need) ? "yes" : "no" }
    }

    static func area(_ level: AreaLevel, of cohort: [CohortRecord]) -> Self {
        of(cohort, level.rawValue) { level.code(of: $0.area) }
    }

    static func referralYear(of cohort: [CohortRecord]) -> Self {
        of(cohort, "referral_year") { String($0.referredOn.iso.prefix(4)) }
    }

    /// A dimension with the values that a cohort has.
    private static func of(
        _ cohort: [CohortRecord], _ name: String, _ value: @escaping @Sendable (CohortRecord) -> String
    ) -> Self {
        Self(name, Set(cohort.map(value)).sorted(), value)
    }
}
