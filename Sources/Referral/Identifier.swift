/// A number or code that some register gave the person.
package struct Identifier: Sendable, Hashable {
    package var type: Coded<IdentifierType>
    /// In the register's normal form when the check passes, else as it was written.
    package var value: String
    /// Who gave it, as the sender says.
    package var source: String?
    /// Whether it may be used to find the person. Never true for a value that fails its check; for an NHS number the rule of
    /// ``NHSNumber/isVerified(_:vouchedFor:environment:)``.
    package var verified: Bool

    package init(type: Coded<IdentifierType>, value: String, source: String? = nil, verified: Bool = false) {
        self.type = type
        self.value = value
        self.source = source
        self.verified = verified
    }
}
