/// The groups of data about a person that are released or withheld as one (disclosure policy, section 3).
package enum FieldGroup: String, CaseIterable, Sendable, Hashable {
    case name = "NAME"
    /// Birth date or age.
    case dob = "DOB"
    /// Address with UPRN.
    case address = "ADDRESS"
    /// Phone, e-mail, preferred way, language, interpreter.
    case contact = "CONTACT"
    case nhsNumber = "NHSNO"
    case nino = "NINO"
    /// Age band, sex, ethnicity.
    case demographics = "DEMOG"
    /// Ward, LSOA, postcode district.
    case area = "AREA"
    /// Key safe place and code, door, alarm, parking.
    case access = "ACCESS"
    /// Oxygen, hoarding, smoking in bed, dog, known danger to visitors.
    case hazard = "HAZARD"
    /// Facts a crew needs: allergies, mobility, communication, life-saving equipment, capacity.
    case critical = "CRIT"
    /// Conditions, medicines, mental health.
    case health = "HEALTH"
    /// Strengths, needs, goals.
    case needs = "NEEDS"
    /// Results of support.
    case outcomes = "OUTCOMES"
    /// Source and date of referral, use of services.
    case service = "SERVICE"
    /// Tenancy, housing need.
    case housing = "HOUSING"
    /// Income, benefits, debts.
    case finance = "FIN"
    /// Safeguarding and risk assessments.
    case risk = "RISK"
    /// Emergency contact, carer.
    case family = "FAMILY"
    /// Key by which two extracts can be joined.
    case link = "LINK"
    /// Free text: leaves only when an order names it, or to the person.
    case notes = "NOTES"
    /// Criminal offence data: leaves only when an order names it, or to the person.
    case offence = "OFFEND"
    /// Data about somebody else.
    case thirdParty = "THIRD_PARTY"
}
