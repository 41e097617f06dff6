extension IdentifierType {
    /// Brings an identifier of this type into its register's normal form and checks it (partner interfaces, section 2).
    ///
    /// Synthetic NHS numbers fail outside ``HubEnvironment/test``.
    ///
    /// Of a school's number the authority is not looked up. The register that holds the authorities' three digits is Get
    /// Information about Schools (https://www.get-information-schools.service.gov.uk), to which the Department for Education
    /// refers for them (https://www.gov.uk/government/statistics/new-local-authority-codes-january-2011). It gains numbers
    /// with every reorganisation, and has some for schools outside England: 673 in Wales, 702 of the forces overseas, 708 in
    /// Gibraltar. Only `000`, its code for "does not apply", and what else begins with 0 is no authority.
    package func normalise(_ text: String, in environment: HubEnvironment) -> IdentifierCheck {
        let squeezed = text.squeezed
        switch self {
        case .nhsNumber:
            let check = NHSNumber.normalise(text)
            guard environment != .test, let number = check.normal, NHSNumber.range(of: number) == .synthetic else {
                return check
            }
            return .failed("this NHS number is for tests only")
        case .nino: return NINO.normalise(text)
        case .upn: return UPN.normalise(text)
        case .uln: return ULN.normalise(text)
        case .pncID: return PNCID.normalise(text)
        case .postcode: return Postcode.normalise(text)
        case .laestab:
            let number = String(squeezed.filter { $0 != "/" })
            return check(
                number, number.isDigits(7...7) && !number.hasPrefix("0"),
                "an authority's 3 digits, the first not 0, and 4 of the establishment")
        case .urn:
            return check(squeezed, squeezed.isDigits(6...6) && !squeezed.hasPrefix("0"), "6 digits, the first not 0")
        case .ukprn: return check(squeezed, squeezed.fits("19999999"), "8 digits, the first 1")
        case .uprn:
            let number = String(squeezed.drop { $0 == "0" })
            return check(number, number.isDigits(1...12), "1 to 12 digits")
        case .usrn: return check(squeezed, squeezed.isDigits(8...8), "8 digits")
        case .onsArea:
            return check(squeezed, squeezed.fits("E99999999") || squeezed.fits("W99999999"), "E or W and 8 digits")
        case .ods:
            let isCode = (3...10).contains(squeezed.utf8.count) && squeezed.utf8.allSatisfy { $0.isDigit || $0.isUpper }
            return check(squeezed, isCode, "3 to 10 letters and digits")
        case .cqcLocation:
            let code = text.trimmed
            return check(
                code, code.hasPrefix("1-") && String(code.dropFirst(2)).isDigits(5...12), "1- and 5 to 12 digits")
        case .charity:
            let number = text.trimmed
            let parts = number.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            let isNumber =
                parts.count <= 2 && parts[0].isDigits(6...7) && parts.dropFirst().allSatisfy { $0.isDigits(1...4) }
            return check(number, isNumber, "6 or 7 digits, perhaps a hyphen and the number of a linked charity")
        case .crn: return check(squeezed, squeezed.fits("A999999"), "a letter and 6 digits")
        case .prisonNumber: return check(squeezed, squeezed.fits("A9999AA"), "a letter, 4 digits and 2 letters")
        case .forceCode: return check(squeezed, squeezed.fits("99"), "2 digits")
        case .hospitalNumber, .local:
            let number = text.trimmed
            return check(number, (1...64).contains(number.utf8.count), "1 to 64 characters")
        }
    }

    private func check(_ normal: String, _ isRight: Bool, _ form: String) -> IdentifierCheck {
        isRight ? .passed(normal) : .failed("expected \(form)")
    }
}
