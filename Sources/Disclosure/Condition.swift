/// What must be so before a row of the matrix permits anything (disclosure policy, section 5). The order of evaluation
/// asks for it; a file of rules repeats it, and one that repeats less is not taken.
package enum Condition: String, CaseIterable, Sendable, Hashable {
    /// A live Shared Agreement that names recipient and purpose.
    case agreement
    /// A live incident with a reference.
    case liveIncident = "live_incident"
    case legalAuthority = "legal_authority"
    /// A named officer's approval.
    case officer
    /// Only the groups that the order or statute names.
    case namedInOrder = "named_in_order"
    /// The person is known to be an adult.
    case adult
    /// The undertakings of clause C6 are on file.
    case undertakings
    case whyIdentifiable = "why_identifiable"
    case igApproval = "ig_approval"
    /// The person is in care or a care leaver, and in the programme of clause C8.
    case programme
    /// The identity of who asks is proven.
    case identity
    /// Only what the recipient had before.
    case earlierDisclosure = "earlier_disclosure"

    /// What a purpose demands at a level.
    static func demanded(for purpose: Purpose, at level: Level) -> Set<Condition> {
        switch purpose {
        case .careSupport, .supportReferral, .benefitsSupport, .housingSupport: [.agreement]
        case .emergency: [.liveIncident]
        case .safeguarding, .fraudPrevention: [.legalAuthority, .officer]
        case .legalStatutory: [.legalAuthority, .officer, .namedInOrder]
        case .nfi: [.legalAuthority, .officer, .adult]
        case .researchEvaluation:
            switch level {
            case .anonymised: []
            case .pseudonymised: [.undertakings]
            case .identifiable: [.undertakings, .whyIdentifiable, .igApproval]
            }
        case .ipsosEvaluation: [.programme]
        case .healthPlanning, .subjectNotice: []
        case .subjectRights: [.identity]
        case .rightsNotice: [.earlierDisclosure]
        }
    }
}
