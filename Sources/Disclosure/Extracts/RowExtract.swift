package import Referral

/// A pseudonymised extract: one row for each person, without anything that names them (disclosure policy, section 9; partner
/// interfaces, section 16).
///
/// Every group of persons who have age band, sex and area in common is of 5 or more. Where it is not, all rows are told
/// more coarsely until at most one in ``mostDropped`` is left in smaller groups; those rows are dropped. No column is told
/// more finely than in any earlier rows of the recipient, so that two extracts joined tell no smaller group.
package struct RowExtract: Sendable {
    /// No more than one row in so many is dropped while rows can still be told more coarsely.
    static let mostDropped = 20
    /// The least size of a group.
    package static let leastGroup = 5

    /// Those who have a row.
    package let members: [CohortRecord]
    package let generalisation: RowGeneralisation
    /// The smallest group over age band, sex and area; 0 when no row is left. Ethnicity, which belongs to it, is not held.
    package let k: Int
    /// How many have no row because their group is too small.
    package let dropped: Int
    private let groups: Set<FieldGroup>
    /// Groups in which it is told who is a care leaver: those who are and those who are not are each none, or 5 or more.
    private let safeFlags: Set<[String]>

    /// Chooses how finely to tell a cohort, and who has a row.
    ///
    /// - Parameter earlier: How finely each earlier row extract of the recipient told.
    package init(_ cohort: [CohortRecord], groups: Set<FieldGroup>, within earlier: [RowGeneralisation] = []) {
        // The coarsest tells nothing that anybody could be recognised by, and so is within every other.
        let steps = RowGeneralisation.steps(groups).filter { step in earlier.allSatisfy(step.isWithin) }
        var chosen = (step: steps[steps.count - 1], kept: [[String]: [CohortRecord]]())
        for step in steps {
            let parts = Dictionary(grouping: cohort, by: step.group)
            chosen = (step, parts.filter { $0.value.count >= Self.leastGroup })
            let kept = chosen.kept.values.reduce(0) { $0 + $1.count }
            if (cohort.count - kept) * Self.mostDropped <= cohort.count { break }
        }
        generalisation = chosen.step
        members = chosen.kept.values.flatMap { $0 }
        dropped = cohort.count - members.count
        k = chosen.kept.values.map(\.count).min() ?? 0
        self.groups = groups
        safeFlags = Set(
            chosen.kept.filter { _, part in
                let leavers = part.count { $0.isCareLeaver }
                return [leavers, part.count - leavers].allSatisfy { $0 == 0 || $0 >= Self.leastGroup }
            }.keys)
    }

    /// Everything that the recipient could count by these rows, for the comparison with tables of counts: every cell of
    /// every table, whether it would be told there or not.
    package var populations: ReleasedPopulations {
        let dimensions =
            [.ageBand, .sex, .source, .ending, .referralYear(of: members)] + CohortRecord.needs.map { .need($0) }
            + [AreaLevel.lsoa, .ward].map { CountTable.Dimension.area($0, of: members) }
        var cells: [String: Set<Int64>] = [:]
        for member in members {
            for dimension in dimensions {
                cells["\(dimension.name)=\(dimension.value(member))", default: []].insert(member.mark)
            }
            let (age, sex) = (CountTable.Dimension.ageBand, CountTable.Dimension.sex)
            cells["\(age.name)*\(sex.name)=\(age.value(member))*\(sex.value(member))", default: []].insert(member.mark)
        }
        let cohort = Set(members.map(\.mark))
        cells["total=all"] = cohort
        return ReleasedPopulations(cohort: cohort, cells: cells)
    }

    /// The table. Its rows stand in the order of the pseudonyms, so that none tells by its place who came when.
    ///
    /// - Parameter pseudonym: The pseudonym of a member.
    package func table(pseudonym: (CohortRecord) -> String) -> ExtractTable {
        let columns = columns
        let rows = members.map { member -> [String] in
            let pid = pseudonym(member)
            return [pid] + columns.map { $0.cell(member) }
        }
        return ExtractTable(
            name: "rows",
            columns: [.init("pid", .key, "Pseudonym of the person, for this recipient and project only")]
                + columns.map(\.column),
            rows: rows.sorted { $0[0] < $1[0] })
    }

    private typealias Column = (column: ExtractTable.Column, cell: (CohortRecord) -> String)

    private var columns: [Column] {
        var columns: [Column] = []
        let step = generalisation
        if let width = step.ageWidth {
            columns.append(
                (
                    .init(
                        "age_band\(width)", .string,
                        "Age in full years on the day that the release note names; 90+ for 90 and more"),
                    { AgeBand.ofRow($0.age, width: width) }
                ))
        }
        if step.hasSex {
            columns.append(
                (
                    .init("sex", .word(Sex.allCases.map(\.rawValue)), "F female, M male, U not known, X other"),
                    { ($0.sex ?? .unknown).rawValue }
                ))
        }
        if let area = step.area {
            columns.append(
                (
                    .init(area.rawValue, .string, "Code of the Office for National Statistics, or unknown"),
                    { area.code(of: $0.area) }
                ))
        }
        if groups.contains(.service) {
            columns += [
                (
                    .init(
                        "source_code", .word(SourceCode.allCases.map(\.rawValue)), "Where the referral came from (CBDS)"
                    ),
                    { $0.source?.rawValue ?? "" }
                ),
                (.init("referral_month", .month, "Month of the first referral"), { $0.referredOn.month7 }),
            ]
        }
        if groups.contains(.needs) {
            columns += CohortRecord.needs.map { need -> Column in
                (
                    .init("need_\(need.rawValue)", .flag, "Whether the person is known to have this need"),
                    { $0.needs.contains(need) ? "true" : "false" }
                )
            }
        }
        if groups.contains(.service) {
            columns.append(
                (
                    .init("closed_month", .month, "Month in which the last case ended; empty while one is open"),
                    { $0.closedOn?.month7 ?? "" }
                ))
        }
        if groups.contains(.outcomes) {
            columns.append(
                (
                    .init("ending_code", .word(EndingCode.allCases.map(\.rawValue)), "Why the last case ended"),
                    { $0.ending?.rawValue ?? "" }
                ))
        }
        if groups.contains(.service) {
            columns.append(
                (
                    .init("care_leaver", .flag, "Empty where too few would have the answer in common"),
                    { safeFlags.contains(step.group(of: $0)) ? ($0.isCareLeaver ? "true" : "false") : "" }
                ))
        }
        return columns
    }
}
