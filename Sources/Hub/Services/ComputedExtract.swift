import CaseStore
import Disclosure
import Referral

/// An extract that was computed and waits for the policy's last word.
struct ComputedExtract: Sendable {
    let cohort: Int
    /// Of an anonymised one.
    let counts: CountExtract?
    /// Of a pseudonymised one.
    let rows: RowExtract?
    let populations: ReleasedPopulations
    /// The day on which the ages of the rows were taken; nil for counts.
    let agesOn: CalendarDate?
    /// By how many persons it differs from the nearest that the recipient can make of earlier releases.
    let smallestDifference: Int?

    /// Computes an extract about a cohort at a level.
    ///
    /// Counts are held against every earlier release. Rows are held against the populations of counts only: whoever has two
    /// sets of rows sees each person in them anyway. What protects those is that both tell ages of one day, and that the
    /// later tells no column more finely (``EarlierRows``), so that the two joined have no smaller groups than the earlier.
    ///
    /// - Parameters:
    ///   - agesOn: The day on which the members' ages were taken.
    ///   - rows: What the recipient's earlier row extracts hold this one to.
    init(
        _ members: [CohortRecord], level: Level, groups: Set<FieldGroup>,
        agesOn: CalendarDate, after rows: EarlierRows, earlier: [(level: Level, populations: ReleasedPopulations)]
    ) {
        cohort = members.count
        if level == .anonymised {
            let extract = CountExtract(members, groups: groups)
            (counts, self.rows, populations, self.agesOn) = (extract, nil, extract.populations, nil)
        } else {
            let extract = RowExtract(members, groups: groups, within: rows.steps)
            (counts, self.rows, populations, self.agesOn) = (nil, extract, extract.populations, agesOn)
        }
        let comparable = earlier.filter { level == .anonymised || $0.level == .anonymised }
        smallestDifference = populations.smallestDifference(from: comparable.map(\.populations))
    }

    /// The smallest group of rows; nil for counts.
    var k: Int? { rows?.k }

    /// What the policy must know of it.
    var facts: ShareRequestFacts.Extract {
        ShareRequestFacts.Extract(cohort: cohort, smallestDifference: smallestDifference, k: k)
    }

    /// What was done so that nobody is recognised, in words for the recipient. Numbers of persons are not among them.
    var suppression: [String] {
        if let counts {
            var words = ["counts of 1 to 4 are told as <5"]
            if counts.isSuppressed { words.append("further counts are withheld where another could be worked out") }
            if let level = counts.areaLevel { words.append("areas are told by \(level.rawValue)") }
            return words
        }
        guard let rows else { return [] }
        var words = ["every group by age band, sex and area is of \(RowExtract.leastGroup) or more"]
        if rows.dropped > 0 { words.append("rows of smaller groups are left out") }
        if let width = rows.generalisation.ageWidth, let agesOn {
            words.append("ages are those of \(agesOn.iso), in bands of \(width) years")
        }
        if let area = rows.generalisation.area { words.append("areas are told by \(area.rawValue)") }
        return words
    }
}
