package import Referral

/// One row of the matrix: what may go at most, to whom, by which way, for a purpose at a level (disclosure policy,
/// section 5).
package struct MatrixRow: Sendable {
    /// Somebody outside the register whom a row admits all the same, once a person has said so.
    package enum Unlisted: Sendable {
        /// Another public body, after review by the data protection officer.
        case publicBody
        /// A third party authorised for research.
        case researchThirdParty
    }

    package let purpose: Purpose
    package let level: Level
    /// Ids of recipients, as the register has them.
    package let recipients: Set<String>
    package let unlisted: Unlisted?
    package let groups: Set<FieldGroup>
    package let channels: Set<ReleaseChannel>
    /// The clauses of the notice on which the row rests.
    package let clauses: [String]

    package init(
        _ purpose: Purpose, _ level: Level = .identifiable, to recipients: Set<String>, unlisted: Unlisted? = nil,
        groups: Set<FieldGroup>, by channels: Set<ReleaseChannel> = .protected, clauses: [String]
    ) {
        self.purpose = purpose
        self.level = level
        self.recipients = recipients
        self.unlisted = unlisted
        self.groups = groups
        self.channels = channels
        self.clauses = clauses
    }
}
