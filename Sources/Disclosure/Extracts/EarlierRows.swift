package import Referral

/// What the row extracts that a recipient has already hold every later one to, whatever its project.
///
/// Whoever has two sets of rows joins them, by pseudonym within a project and by what else the rows have in common across
/// two. If one told wards and the other narrow ages, the two together would tell both, of groups that neither held to be 5
/// or more; and if ages were of two days, whoever moved to the next band between them would have told their birthday.
package struct EarlierRows: Sendable, Hashable {
    /// The day on which ages are taken; nil while there are no rows yet.
    package var agesOn: CalendarDate?
    /// How finely each of them told. A later one tells no column more finely than any of them.
    package var steps: [RowGeneralisation]

    package init(agesOn: CalendarDate? = nil, steps: [RowGeneralisation] = []) {
        self.agesOn = agesOn
        self.steps = steps
    }
}
