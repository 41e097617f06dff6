/// Every field of a referral that holds something, by its path in the envelope, and the group that decides its release.
///
/// Both what is stored and what is released is written field by field through this list, and ``group`` has no default: a
/// new field cannot be written without a name here, and cannot have a name without a group.
package enum CanonicalField: String, CaseIterable, Sendable {
    case messageID = "message_id"
    case sender
    case sentAt = "sent_at"
    case type
    case inReplyTo = "in_reply_to"
    case marking
    case title = "person.title"
    case given = "person.given"
    case family = "person.family"
    case alsoKnownAs = "person.also_known_as"
    case dob = "person.dob"
    case ageEstimate = "person.age_estimate"
    case sex = "person.sex"
    case language = "person.language"
    case interpreter = "person.interpreter"
    case phone = "person.phone"
    case email = "person.email"
    case preferredContact = "person.preferred_contact"
    case visitorGender = "person.visitor_gender"
    case identifierType = "person.identifiers.type"
    case identifierValue = "person.identifiers.value"
    case identifierSource = "person.identifiers.source"
    case identifierVerified = "person.identifiers.verified"
    case addressLines = "address.lines"
    case town = "address.town"
    case postcode = "address.postcode"
    case uprn = "address.uprn"
    case noFixedAbode = "address.no_fixed_abode"
    case safeToWrite = "address.safe_to_write"
    case safeToVisit = "address.safe_to_visit"
    case reason, notes, wishes, needs
    case riskCode = "risks.code"
    case riskDetail = "risks.detail"
    case riskToVisitors = "risks.to_visitors"
    case urgency
    case consentKnown = "consent.known"
    case consentAgreed = "consent.agreed"
    case consentBy = "consent.by"
    case consentOn = "consent.on"
    case consentNote = "consent.note"
    case memberRelation = "household.relation"
    case memberGiven = "household.given"
    case memberFamily = "household.family"
    case memberDOB = "household.dob"
    case memberLivesHere = "household.lives_here"
    case referrerName = "referrer.name"
    case referrerRole = "referrer.role"
    case referrerOrganisation = "referrer.organisation"
    case referrerPhone = "referrer.phone"
    case referrerEmail = "referrer.email"
    case concern = "safeguarding.concern"
    case raisedWith = "safeguarding.raised_with"
    case raisedAt = "safeguarding.raised_at"
    case attachmentName = "attachments.name"
    case attachmentMediaType = "attachments.media_type"
    case attachmentSize = "attachments.size"
    case attachmentSHA256 = "attachments.sha256"
    case attachmentContent = "attachments.content"
    case attachmentFile = "attachments.file"
    case sourceCode = "source_code"
    case sourceKind = "source_kind"
    case extensions

    /// The group of disclosure policy section 3 that the field belongs to.
    ///
    /// Where a field holds a code, or an identifier, or an extension, this is the group of one that is not recognised; a
    /// recognised one has its own: ``NeedCode/group``, ``RiskCode/group``, ``IdentifierType/group``, ``Extension/group``.
    package var group: FieldGroup {
        switch self {
        case .title, .given, .family, .alsoKnownAs: .name
        case .dob, .ageEstimate: .dob
        case .sex: .demographics
        case .language, .interpreter, .phone, .email, .preferredContact, .visitorGender: .contact
        // Whoever has the address must know whether it is safe to use.
        case .addressLines, .town, .postcode, .uprn, .noFixedAbode, .safeToWrite, .safeToVisit: .address
        case .riskToVisitors: .hazard
        case .urgency: .needs
        case .sender, .sentAt, .type, .marking, .sourceCode, .sourceKind, .consentKnown, .consentAgreed, .consentOn:
            .service
        case .referrerRole, .referrerOrganisation, .referrerPhone: .service
        // A work address is made of the name that may not be told.
        case .referrerName, .referrerEmail, .consentBy: .thirdParty
        case .memberRelation, .memberGiven, .memberFamily, .memberDOB, .memberLivesHere: .thirdParty
        case .concern, .raisedWith, .raisedAt: .risk
        case .reason, .notes, .wishes, .needs, .riskCode, .riskDetail, .consentNote: .notes
        case .identifierType, .identifierValue, .identifierSource, .identifierVerified, .extensions: .notes
        // Texts of the sender's own choosing, which may say anything.
        case .messageID, .inReplyTo: .notes
        case .attachmentName, .attachmentMediaType, .attachmentSize, .attachmentSHA256, .attachmentContent,
            .attachmentFile:
            .notes
        }
    }

    /// The key in the envelope: the last part of the path.
    package var key: String { Self.keys[self, default: rawValue] }

    /// Worked out once: keys are asked for with every field that is read or written.
    private static let keys = Dictionary(
        uniqueKeysWithValues: allCases.map { field in
            (field, field.rawValue.split(separator: ".").last.map(String.init) ?? field.rawValue)
        })
}
