/// How far a release lets somebody see who it is about (disclosure policy, section 9).
package enum Level: String, CaseIterable, Sendable, Hashable {
    /// Tables of counts, no rows.
    case anonymised
    /// Rows without direct identifiers. Still personal data.
    case pseudonymised
    case identifiable
}
