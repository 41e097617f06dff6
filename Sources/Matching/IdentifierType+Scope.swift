package import Referral

extension IdentifierType {
    /// Within what a number of this type is unique: everywhere (empty), within its sender, or nothing when it does not
    /// name a person.
    package func scope(sender: String) -> String? {
        switch self {
        case .nhsNumber, .nino, .upn, .uln, .crn, .prisonNumber, .pncID: ""
        case .hospitalNumber, .local: sender
        case .laestab, .urn, .ukprn, .uprn, .usrn, .postcode, .onsArea, .ods, .cqcLocation, .charity, .forceCode: nil
        }
    }
}
