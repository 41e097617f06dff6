/// Alerts about a person at an address: HACT PersonAlertTypeCode v3.5 (partner interfaces, section 3.2).
package enum PersonAlertCode: String, CaseIterable, Sendable, Hashable {
    case otherAsk = "0"
    case otherSeeComment = "1"
    case doNotVisitAlone = "10"
    case doNotVisitAloneAntisocialBehaviour = "10-10"
    case disabilityOrVulnerability = "20"
    case hearing = "20-10"
    case vision = "20-20"
    case illness = "20-30"
    case physicalSupport = "20-40"
    case wheelchair = "20-50"
    case elderly = "20-60"
    case safeguarding = "20-70"
    case missesAppointments = "30"
    case language = "40"
    case operativeGender = "50"
    /// Power of attorney.
    case capacity = "60"

    /// The group that decides whether the alert may be told. The two without a meaning of their own stand for a comment.
    package var group: FieldGroup {
        switch self {
        case .otherAsk, .otherSeeComment: .notes
        case .doNotVisitAlone, .doNotVisitAloneAntisocialBehaviour: .hazard
        case .disabilityOrVulnerability, .hearing, .vision, .illness, .physicalSupport, .wheelchair: .health
        case .elderly: .demographics
        case .safeguarding: .risk
        case .missesAppointments: .service
        case .language, .operativeGender: .contact
        case .capacity: .critical
        }
    }
}
