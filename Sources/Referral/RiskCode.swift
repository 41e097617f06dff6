/// The code of a risk: a need that is a risk as well, an alert about the person, or a danger that neither list has.
///
/// The envelope leaves the list of risk codes open (partner interfaces, section 1); these three are what senders use.
package enum RiskCode: Sendable, Hashable {
    case need(NeedCode)
    case alert(PersonAlertCode)
    case danger(DangerCode)

    /// The group that decides whether the risk may be told.
    package var group: FieldGroup {
        switch self {
        case .need(let code): code.group
        case .alert(let code): code.group
        case .danger(let code): code.group
        }
    }
}

extension RiskCode: RawRepresentable, CaseIterable {
    package init?(rawValue: String) {
        if let code = NeedCode(rawValue: rawValue) {
            self = .need(code)
        } else if let code = PersonAlertCode(rawValue: rawValue) {
            self = .alert(code)
        } else if let code = DangerCode(rawValue: rawValue) {
            self = .danger(code)
        } else {
            return nil
        }
    }

    package var rawValue: String {
        switch self {
        case .need(let code): code.rawValue
        case .alert(let code): code.rawValue
        case .danger(let code): code.rawValue
        }
    }

    package static var allCases: [RiskCode] {
        NeedCode.allCases.map(RiskCode.need) + PersonAlertCode.allCases.map(RiskCode.alert)
            + DangerCode.allCases.map(RiskCode.danger)
    }
}

/// Dangers in the home and to the person, named as emergency access and the police notice name them (partner interfaces,
/// sections 5 and 7).
package enum DangerCode: String, CaseIterable, Sendable, Hashable {
    case oxygen
    case smokingInBed = "smoking_in_bed"
    case dog, structural, chemical, violence
    case selfHarm = "self_harm"
    case suicide
    case adultAtRisk = "adult_at_risk"
    case childAtRisk = "child_at_risk"
    case missing, hate

    /// The group that decides whether the danger may be told.
    package var group: FieldGroup {
        switch self {
        case .oxygen, .smokingInBed, .dog, .structural, .chemical, .violence: .hazard
        case .selfHarm, .suicide, .adultAtRisk, .childAtRisk, .missing, .hate: .risk
        }
    }
}
