import Referral

extension Referral {
    /// The picture of a person that this gives together with what a newer message says.
    ///
    /// What the newer one says stands; what it is silent on stays. An address is one thing, never mixed of two;
    /// identifiers and other names gather. The header is the newer message's.
    func updated(by newer: Referral) -> Referral {
        var result = newer
        result.person = person.updated(by: newer.person)
        result.address = newer.address ?? address
        result.reason = newer.reason ?? reason
        result.notes = newer.notes ?? notes
        result.wishes = newer.wishes ?? wishes
        result.needs = newer.needs.isEmpty ? needs : newer.needs
        result.risks = newer.risks.isEmpty ? risks : newer.risks
        result.urgency = newer.urgency ?? urgency
        result.consent = newer.consent ?? consent
        result.household = newer.household.isEmpty ? household : newer.household
        result.referrer = newer.referrer ?? referrer
        result.safeguarding = newer.safeguarding ?? safeguarding
        result.attachments = newer.attachments.isEmpty ? attachments : newer.attachments
        result.sourceCode = newer.sourceCode ?? sourceCode
        result.sourceKind = newer.sourceKind ?? sourceKind
        let names = Set(newer.extensions.map(\.name))
        result.extensions = extensions.filter { !names.contains($0.name) } + newer.extensions
        return result
    }
}

extension Person {
    fileprivate func updated(by newer: Person) -> Person {
        var result = newer
        result.title = newer.title ?? title
        result.given = newer.given ?? given
        result.family = newer.family ?? family
        result.alsoKnownAs = alsoKnownAs + newer.alsoKnownAs.filter { !alsoKnownAs.contains($0) }
        result.dob = newer.dob ?? dob
        result.ageEstimate = newer.ageEstimate ?? ageEstimate
        result.sex = newer.sex ?? sex
        result.language = newer.language ?? language
        result.interpreter = newer.interpreter ?? interpreter
        result.phone = newer.phone.isEmpty ? phone : newer.phone
        result.email = newer.email ?? email
        result.preferredContact = newer.preferredContact ?? preferredContact
        result.visitorGender = newer.visitorGender ?? visitorGender
        // The same number given again replaces what was known of it, as whether it is verified.
        result.identifiers =
            identifiers.filter { old in
                !newer.identifiers.contains { $0.type == old.type && $0.value == old.value && $0.source == old.source }
            } + newer.identifiers
        return result
    }
}
