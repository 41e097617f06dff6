/// What the person said about being referred. It is not a Shared Agreement.
package struct Consent: Sendable, Hashable {
    /// Whether the person knows of the referral.
    package var known: Bool?
    package var agreed: Coded<ConsentAgreed>?
    /// Who said so.
    package var by: String?
    package var on: CalendarDate?
    package var note: String?

    package init() {}
}
