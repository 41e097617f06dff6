package import Referral

/// The rules that are data: whom the register knows, the matrix, the ceilings, and which purposes are in use. The order of
/// evaluation is ``OrderLine/order``.
package struct PolicyRules: Sendable {
    /// Stored with every decision, so that it can be taken again years later with the same rules.
    package var version: String
    /// A purpose that is not here is refused by code, `purpose_not_enabled`.
    package var enabledPurposes: Set<Purpose>
    package var register: RecipientRegister
    package var matrix: [MatrixRow]
    /// The most that a recipient gets by consent or in an emergency, whatever the agreement says.
    package var ceilings: [String: Set<FieldGroup>]

    package init(
        version: String, enabledPurposes: Set<Purpose>, register: RecipientRegister, matrix: [MatrixRow],
        ceilings: [String: Set<FieldGroup>]
    ) {
        self.version = version
        self.enabledPurposes = enabledPurposes
        self.register = register
        self.matrix = matrix
        self.ceilings = ceilings
    }

    /// The row of a purpose at a level; nil when the purpose has no such level.
    package func row(_ purpose: Purpose, _ level: Level) -> MatrixRow? {
        matrix.first { $0.purpose == purpose && $0.level == level }
    }
}
