package import Referral

/// The rules that are data: whom the register knows, the matrix, the ceilings, and which purposes are in use. They are read
/// from a file (``PolicyFile``). The order of evaluation is ``OrderLine/order``.
package struct PolicyRules: Sendable, Hashable {
    /// Stored with every decision, so that it can be taken again years later with the same rules.
    package var version: String
    /// A purpose that is not here is refused by code, `purpose_not_enabled`.
    package var enabledPurposes: Set<Purpose>
    /// How each group is named to the person.
    package var groupNames: [FieldGroup: String]
    package var register: RecipientRegister
    package let matrix: [MatrixRow]
    /// The most that a recipient gets by consent or in an emergency, whatever the agreement says.
    package var ceilings: [String: Set<FieldGroup>]

    /// The row of a purpose at a level; nil when the purpose has no such level.
    package func row(_ purpose: Purpose, _ level: Level) -> MatrixRow? {
        // By index: a row is not copied to be looked at.
        matrix.indices.first { matrix[$0].purpose == purpose && matrix[$0].level == level }.map { matrix[$0] }
    }
}
