extension EnvelopeReader {
    func person(_ reader: FieldReader) -> Person {
        var person = Person()
        person.title = reader.text(.title)
        person.given = reader.text(.given)
        person.family = reader.text(.family)
        person.alsoKnownAs = reader.texts(.alsoKnownAs).map(\.text)
        person.dob = reader.birthDate(.dob)
        person.ageEstimate = reader.integer(.ageEstimate, in: 0...130)
        person.sex = reader.coded(.sex)
        person.language = reader.text(.language)
        person.interpreter = reader.flag(.interpreter)
        person.phone = reader.texts(.phone).compactMap { reader.checked($0.text, at: $0.path, by: Phone.normalise) }
        person.email = reader.checked(.email, by: Email.normalise)
        person.preferredContact = reader.coded(.preferredContact)
        person.visitorGender = reader.coded(.visitorGender)
        for entry in reader.children("identifiers", atMost: 50) {
            if let identifier = identifier(entry), !person.identifiers.contains(identifier) {
                person.identifiers.append(identifier)
            }
        }
        return person
    }

    /// An identifier that fails its check is kept as it was written and is not verified.
    private func identifier(_ reader: FieldReader) -> Identifier? {
        guard let value = reader.text(.identifierValue) else { return nil }
        let source = reader.text(.identifierSource)
        guard let typeText = reader.text(.identifierType) else {
            reader.findings.warn(.missing, at: reader.at(.identifierType), "the type of identifier is needed")
            return Identifier(type: .unknown(""), value: value, source: source)
        }
        let coded: Coded<IdentifierType> = reader.coded(
            IdentifierType.synonyms[typeText.lowercased()]?.rawValue ?? typeText, at: reader.at(.identifierType))
        if carrier == nil {
            let verified = reader.object[CanonicalField.identifierVerified.key]?.boolValue ?? false
            return Identifier(type: coded, value: value, source: source, verified: verified)
        }
        guard let type = coded.code else { return Identifier(type: coded, value: value, source: source) }
        switch type.normalise(value, in: environment) {
        case .absent: return nil
        case .failed(let reason):
            reader.findings.warn(.invalidIdentifier, at: reader.at(.identifierValue), reason)
            return Identifier(type: coded, value: value, source: source)
        case .passed(let normal):
            return Identifier(
                type: coded, value: normal, source: source, verified: isVerified(type, normal, reader))
        }
    }

    /// Whether an identifier that passed its check may be used to find the person.
    private func isVerified(_ type: IdentifierType, _ value: String, _ reader: FieldReader) -> Bool {
        switch type {
        case .nhsNumber:
            // Only a format that has the status itself can vouch: anybody can type it into an envelope.
            let status = carrier == .translated ? reader.text("verification_status") : nil
            return NHSNumber.isVerified(value, vouchedFor: byNHS || status == "01", environment: environment)
        case .hospitalNumber: return byNHS
        case .pncID: return false
        default: return true
        }
    }

    func address(_ reader: FieldReader) -> Address? {
        var address = Address()
        address.lines = addressLines(reader)
        address.town = reader.text(.town)
        address.postcode = reader.checked(.postcode, by: Postcode.normalise)
        address.uprn = reader.checked(.uprn) { IdentifierType.uprn.normalise($0, in: environment) }
        address.noFixedAbode = reader.flag(.noFixedAbode)
        address.safeToWrite = reader.flag(.safeToWrite)
        address.safeToVisit = reader.flag(.safeToVisit)
        return address == Address() ? nil : address
    }

    /// At most five lines; what is more goes into the fifth.
    private func addressLines(_ reader: FieldReader) -> [String] {
        let lines = reader.texts(.addressLines).flatMap { $0.text.split(separator: "\n").map { String($0).trimmed } }
            .filter { !$0.isEmpty }
        guard lines.count > 5 else { return lines }
        reader.findings.warn(.schema, at: reader.at(.addressLines), "more than 5 lines; the rest is in the fifth")
        return lines.prefix(4) + [lines.dropFirst(4).joined(separator: ", ")]
    }

    func member(_ reader: FieldReader) -> HouseholdMember? {
        var member = HouseholdMember()
        member.relation = reader.text(.memberRelation)
        member.given = reader.text(.memberGiven)
        member.family = reader.text(.memberFamily)
        member.dob = reader.birthDate(.memberDOB)
        member.livesHere = reader.flag(.memberLivesHere)
        return member == HouseholdMember() ? nil : member
    }

    func referrer(_ reader: FieldReader) -> Referrer? {
        var referrer = Referrer()
        referrer.name = reader.text(.referrerName)
        referrer.role = reader.text(.referrerRole)
        referrer.organisation = reader.text(.referrerOrganisation)
        referrer.phone = reader.checked(.referrerPhone, by: Phone.normalise)
        referrer.email = reader.checked(.referrerEmail, by: Email.normalise)
        return referrer == Referrer() ? nil : referrer
    }

    func consent(_ reader: FieldReader) -> Consent? {
        var consent = Consent()
        consent.known = reader.flag(.consentKnown)
        consent.agreed = reader.coded(.consentAgreed)
        consent.by = reader.text(.consentBy)
        consent.on = reader.date(.consentOn)
        consent.note = reader.text(.consentNote, limit: nil)
        return consent == Consent() ? nil : consent
    }

    func safeguarding(_ reader: FieldReader) -> Safeguarding? {
        var safeguarding = Safeguarding()
        safeguarding.concern = reader.flag(.concern)
        safeguarding.raisedWith = reader.text(.raisedWith)
        if let text = reader.text(.raisedAt) {
            safeguarding.raisedAt = DateOrInstant(text)
            if safeguarding.raisedAt == nil {
                reader.findings.warn(
                    .invalidDate, at: reader.at(.raisedAt), "expected a date, or a date and time with offset")
            }
        }
        return safeguarding == Safeguarding() ? nil : safeguarding
    }
}
