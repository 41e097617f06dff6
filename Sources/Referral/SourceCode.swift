/// Where a referral came from: the children-in-need census codes (CBDS), the one public list that covers most senders
/// (partner interfaces, section 3.1).
package enum SourceCode: String, CaseIterable, Sendable, Hashable {
    case family = "1A"
    case acquaintance = "1B"
    case selfReferral = "1C"
    case otherIndividual = "1D"
    case school = "2A"
    case educationService = "2B"
    case gp = "3A"
    case healthVisitor = "3B"
    case schoolNurse = "3C"
    case otherPrimaryCare = "3D"
    case emergencyDepartment = "3E"
    case otherHealth = "3F"
    case housing = "4"
    case ownSocialCare = "5A"
    case otherOwnDepartment = "5B"
    case otherAuthoritySocialCare = "5C"
    case otherAuthority = "5D"
    case police = "6"
    /// Courts, probation, youth justice.
    case otherLegal = "7"
    /// Voluntary, care home, faith, fire.
    case other = "8"
    case anonymous = "9"
    case unknown = "10"
}

/// A finer kind of sender than ``SourceCode`` has.
package enum SourceKind: String, CaseIterable, Sendable, Hashable {
    case ambulance, fire
    case youthOffending = "youth_offending"
    case probation, college, university
    case careHome = "care_home"
    case careProvider = "care_provider"
    case housingAssociation = "housing_association"
    case faithGroup = "faith_group"
    case voluntary
    case memberOfPublic = "member_of_public"
}
