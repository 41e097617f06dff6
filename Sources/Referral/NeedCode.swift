/// What somebody may need support with (partner interfaces, section 3.3).
package enum NeedCode: String, CaseIterable, Sendable, Hashable {
    case isolation
    case moneyDebt = "money_debt"
    case benefits
    case housingCondition = "housing_condition"
    case homelessness
    case fireRisk = "fire_risk"
    case hoarding, mobility, falls
    case dailyLiving = "daily_living"
    case carerSupport = "carer_support"
    case bereavement
    case mentalWellbeing = "mental_wellbeing"
    case dementiaMemory = "dementia_memory"
    case learningDisability = "learning_disability"
    case autism, sensory
    case longTermCondition = "long_term_condition"
    case alcohol, drugs
    case domesticAbuse = "domestic_abuse"
    case selfNeglect = "self_neglect"
    case exploitation
    case communityConnection = "community_connection"
    case workLearning = "work_learning"
    case parenting, digital, transport
    case foodFuel = "food_fuel"
    case language, other

    /// The group that decides whether the need may be told: that it exists says as much as a sentence about it would.
    package var group: FieldGroup {
        switch self {
        case .mentalWellbeing, .dementiaMemory, .alcohol, .drugs, .longTermCondition, .learningDisability, .autism,
            .sensory:
            .health
        case .domesticAbuse, .selfNeglect, .exploitation: .risk
        case .fireRisk, .hoarding: .hazard
        case .moneyDebt, .benefits: .finance
        case .housingCondition, .homelessness: .housing
        case .isolation, .mobility, .falls, .dailyLiving, .carerSupport, .bereavement, .communityConnection,
            .workLearning, .parenting, .digital, .transport, .foodFuel, .language, .other:
            .needs
        }
    }
}
