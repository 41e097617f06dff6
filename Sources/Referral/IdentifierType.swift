/// The registers whose numbers and codes the hub knows (partner interfaces, section 2).
package enum IdentifierType: String, CaseIterable, Sendable, Hashable {
    case nhsNumber = "nhs_number"
    case nino, upn, laestab, urn, ukprn, uln, uprn, usrn, postcode
    case onsArea = "ons_area"
    case ods
    case cqcLocation = "cqc_location"
    case charity
    /// Probation's case reference number.
    case crn
    case prisonNumber = "prison_number"
    case pncID = "pnc_id"
    case forceCode = "force_code"
    /// The number a hospital knows the person by; its ``Identifier/source`` says which.
    case hospitalNumber = "hospital_number"
    /// Any other number of the sender's own.
    case local

    /// The group that decides whether such an identifier may be told. That somebody has a number of probation, prison or
    /// police is itself offence data. Numbers by which another register could be joined leave like free text.
    package var group: FieldGroup {
        switch self {
        case .nhsNumber: .nhsNumber
        case .nino: .nino
        case .uprn, .usrn, .postcode: .address
        case .onsArea: .area
        case .crn, .prisonNumber, .pncID: .offence
        case .hospitalNumber: .health
        case .laestab, .urn, .ukprn, .ods, .cqcLocation, .charity, .forceCode: .service
        case .upn, .uln, .local: .notes
        }
    }

    /// What senders call a type besides its code, in lower case.
    static let synonyms: [String: IdentifierType] = [
        "nhs": .nhsNumber, "nhsno": .nhsNumber, "nhs_no": .nhsNumber, "nhsnumber": .nhsNumber, "nh": .nhsNumber,
        "ni": .nino, "ni_number": .nino, "national_insurance_number": .nino,
        "noms": .prisonNumber, "noms_number": .prisonNumber, "pnc": .pncID, "ods_code": .ods,
        "cqc_location_id": .cqcLocation, "mr": .hospitalNumber, "mrn": .hospitalNumber,
    ]
}
