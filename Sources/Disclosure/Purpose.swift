/// What a share is for (disclosure policy, section 5). One share has exactly one purpose.
package enum Purpose: String, CaseIterable, Sendable, Hashable {
    case careSupport = "care_support"
    case supportReferral = "support_referral"
    case benefitsSupport = "benefits_support"
    case housingSupport = "housing_support"
    case emergency
    case safeguarding
    case fraudPrevention = "fraud_prevention"
    case legalStatutory = "legal_statutory"
    /// The National Fraud Initiative.
    case nfi
    case researchEvaluation = "research_evaluation"
    /// The evaluator of the programme for young people in care and care leavers.
    case ipsosEvaluation = "ipsos_evaluation"
    case healthPlanning = "health_planning"
    /// A notice to the person about their own service.
    case subjectNotice = "subject_notice"
    /// The person's own data, to the person.
    case subjectRights = "subject_rights"
    /// Telling somebody who had the data of a correction, an erasure or a restriction.
    case rightsNotice = "rights_notice"

    /// The purposes that are judged by the same lines of the order of evaluation as this one.
    package var family: PurposeFamilies {
        switch self {
        case .careSupport, .supportReferral, .benefitsSupport, .housingSupport: .consent
        case .emergency: .emergency
        case .safeguarding, .fraudPrevention, .legalStatutory, .nfi: .legal
        case .researchEvaluation: .research
        case .ipsosEvaluation: .ipsos
        case .healthPlanning: .planning
        case .subjectNotice: .subjectNotice
        case .subjectRights: .subjectRights
        case .rightsNotice: .rightsNotice
        }
    }
}

/// Groups of purposes, as section 6 of the policy speaks of them.
package struct PurposeFamilies: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Shares that rest on a Shared Agreement.
    package static let consent = PurposeFamilies(rawValue: 1)
    package static let emergency = PurposeFamilies(rawValue: 1 << 1)
    /// Shares that rest on an order, a statute or another legal authority.
    package static let legal = PurposeFamilies(rawValue: 1 << 2)
    package static let research = PurposeFamilies(rawValue: 1 << 3)
    package static let ipsos = PurposeFamilies(rawValue: 1 << 4)
    package static let planning = PurposeFamilies(rawValue: 1 << 5)
    package static let subjectNotice = PurposeFamilies(rawValue: 1 << 6)
    package static let subjectRights = PurposeFamilies(rawValue: 1 << 7)
    package static let rightsNotice = PurposeFamilies(rawValue: 1 << 8)
    /// Every known purpose.
    package static let all = PurposeFamilies(rawValue: (1 << 9) - 1)
}
