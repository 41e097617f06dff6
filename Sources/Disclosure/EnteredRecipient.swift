package import Referral

/// Somebody who was entered in the register by name: a member of a kind, or one of the two exceptions to the closed list
/// (disclosure policy, section 11, rule 12).
package struct EnteredRecipient: Sendable, Hashable {
    package enum Role: String, CaseIterable, Sendable, Hashable {
        /// Of a kind such as `care_provider`; the period is that of the contract.
        case member
        case researchThirdParty = "research_third_party"
        case publicBody = "public_body"

        /// What a row of the matrix calls such a recipient.
        var unlisted: MatrixRow.Unlisted? {
            switch self {
            case .member: nil
            case .researchThirdParty: .researchThirdParty
            case .publicBody: .publicBody
            }
        }
    }

    package let id: String
    package let role: Role
    package let name: String
    /// The first day.
    package let from: CalendarDate
    /// The first day on which the entry no longer holds; nil for one without an end.
    package let until: CalendarDate?
    package let enteredBy: String
    package let enteredOn: CalendarDate

    /// Days begin at 00:00 Europe/London.
    func holds(at instant: Instant) -> Bool {
        LondonTime.instant(from, second: 0) <= instant
            && until.map { instant < LondonTime.instant($0, second: 0) } ?? true
    }
}
