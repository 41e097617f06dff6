/// Who is behind the figures of a release, kept so that a later one cannot be set against it (disclosure policy, section 9).
///
/// Kept are keyed numbers of persons: those of the whole cohort, and for each figure, told or hidden, which of them it counts.
/// Sizes would not be enough: one person who left and one who came change none, and yet two releases tell them apart. Names,
/// ids and values are not kept, and nobody without the hub's key can tell whose number it is. The same set answers whether
/// somebody was in a release.
package struct ReleasedPopulations: Sendable, Hashable {
    package let cohort: Set<Int64>
    /// By `dimension=value`, as in the table; those of somebody outside ``cohort`` are not there.
    package let cells: [String: Set<Int64>]

    /// Those of figures that were `<5` or withheld, by the same names.
    package let hidden: [String: Set<Int64>]

    package init(cohort: Set<Int64>, cells: [String: Set<Int64>], hidden: [String: Set<Int64>] = [:]) {
        self.cohort = cohort
        self.cells = cells
        self.hidden = hidden
    }
}
