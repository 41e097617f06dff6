package import Referral

/// One row of the matrix: what may go at most, to whom, by which way, for a purpose at a level (disclosure policy,
/// section 5).
package struct MatrixRow: Sendable, Hashable {
    /// Somebody outside the register whom a row admits all the same, once a person has said so.
    package enum Unlisted: String, CaseIterable, Sendable, Hashable {
        /// Another public body, after review by the data protection officer.
        case publicBody = "public_body"
        /// A third party authorised for research.
        case researchThirdParty = "research_third_party"
    }

    package let purpose: Purpose
    package let level: Level
    /// Ids of recipients, as the register has them.
    package let recipients: Set<String>
    package let unlisted: Unlisted?
    package let groups: Set<FieldGroup>
    package let channels: Set<ReleaseChannel>
    /// What the adapter must prove for a release by this row.
    package let obligations: Set<Obligation>
    /// The clauses of the notice on which the row rests.
    package let clauses: [String]
}
