/// What two descriptions of persons are compared by.
package enum MatchField: String, CaseIterable, Sendable, Hashable {
    case family
    case given
    case birthDate = "birth_date"
    case sex
    case address
    case postcode
    case town
    case phone
    case email
    case nhsNumber = "nhs_number"
    case otherNumber = "other_number"
    /// Not compared: what is taken off because people of one household share address and phone anyway.
    case household
}

/// How far a field agrees, the best level that holds.
package enum MatchLevel: String, CaseIterable, Sendable, Hashable {
    /// The same number, verified on both sides.
    case verified
    case exact
    /// A part of it is the same: one name of a double surname, one of several given names, two of day, month and year.
    case part
    case nickname
    case initial
    /// A slip of one letter or digit, or very alike.
    case near
    case sound
    case similar
    /// Given and family name, or day and month, exchanged.
    case swapped
    case different
    /// One side does not say.
    case missing
    case limited
}

/// What one field says about whether two descriptions are of one person.
package struct MatchEvidence: Sendable, Hashable {
    package let field: MatchField
    package let level: MatchLevel
    /// In bits: how many times more likely this level is for one person than for two, as a logarithm to base 2.
    package let weight: Double
}

/// What is to be made of two descriptions.
package enum MatchOutcome: String, CaseIterable, Sendable, Hashable {
    /// One person: a verified NHS number and a second field agree, and nothing speaks against it.
    case same
    /// A person must look.
    case notSure = "not_sure"
    /// Two persons.
    case new
}

/// The comparison of two descriptions, field by field.
package struct MatchScore: Sendable, Hashable {
    package let evidence: [MatchEvidence]
    package let outcome: MatchOutcome
    /// In bits, the sum of the evidence.
    package let weight: Double
    /// How likely it is that both are one person, 0 to 1, before anybody has looked; it rests on the weights and on how
    /// many people are known, so it is a guide to order work by and not a measured frequency.
    package let probability: Double

    /// How far one field agrees.
    package func level(of field: MatchField) -> MatchLevel {
        evidence.first { $0.field == field }?.level ?? .missing
    }
}
