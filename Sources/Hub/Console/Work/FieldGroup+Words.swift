import Referral

extension FieldGroup {
    /// The group as staff say it.
    var words: String {
        switch self {
        case .name: "name"
        case .dob: "date of birth"
        case .address: "address"
        case .contact: "how to get in touch"
        case .nhsNumber: "NHS number"
        case .nino: "National Insurance number"
        case .demographics: "age band, sex, ethnicity"
        case .area: "ward or postcode district"
        case .access: "how to get in"
        case .hazard: "dangers to those who come"
        case .critical: "what a crew must know"
        case .health: "health"
        case .needs: "strengths, needs and goals"
        case .outcomes: "results of support"
        case .service: "use of services"
        case .housing: "housing"
        case .finance: "income, benefits and debts"
        case .risk: "safeguarding and risks"
        case .family: "emergency contact or carer"
        case .link: "the key by which two extracts are joined"
        case .notes: "free text"
        case .offence: "criminal offences"
        case .thirdParty: "facts about somebody else"
        }
    }
}
