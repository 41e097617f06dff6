/// The person whom a referral is about.
package struct Person: Sendable, Hashable {
    package var title: String?
    /// All given names as one text, such as `Anne Marie`.
    package var given: String?
    package var family: String?
    package var alsoKnownAs: [String] = []
    package var dob: CalendarDate?
    /// Years, 0 to 130; meant for when the birth date is not known.
    package var ageEstimate: Int?
    package var sex: Coded<Sex>?
    /// A language tag or name as the sender wrote it.
    package var language: String?
    /// Whether an interpreter is needed.
    package var interpreter: Bool?
    /// E.164 where the number could be read, else as written.
    package var phone: [String] = []
    package var email: String?
    package var preferredContact: Coded<PreferredContact>?
    package var visitorGender: Coded<VisitorGender>?
    package var identifiers: [Identifier] = []

    package init() {}

    /// Whether anything names the person: a family name, or a name that they are also known by.
    package var isNamed: Bool { family != nil || !alsoKnownAs.isEmpty }
}
