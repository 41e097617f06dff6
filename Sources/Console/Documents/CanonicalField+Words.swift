package import Referral

extension CanonicalField {
    /// The field as staff say it.
    package var words: String {
        switch self {
        case .messageID: "Sender's number of the message"
        case .sender: "Sender"
        case .sentAt: "Sent at"
        case .type: "Kind of message"
        case .inReplyTo: "Message that it answers"
        case .marking: "Protective marking"
        case .title: "Title"
        case .given: "First names"
        case .family: "Family name"
        case .alsoKnownAs: "Also known as"
        case .dob: "Date of birth"
        case .ageEstimate: "Age, as estimated"
        case .sex: "Sex"
        case .language: "Language"
        case .interpreter: "Needs an interpreter"
        case .phone: "Phone"
        case .email: "E-mail"
        case .preferredContact: "Preferred way to get in touch"
        case .visitorGender: "Preferred gender of a visitor"
        case .identifierType: "Number: which kind"
        case .identifierValue: "Number"
        case .identifierSource: "Number: who gave it"
        case .identifierVerified: "Number: whether it was checked"
        case .addressLines: "Address"
        case .town: "Town"
        case .postcode: "Postcode"
        case .uprn: "Number of the property (UPRN)"
        case .noFixedAbode: "No fixed address"
        case .safeToWrite: "Safe to write to"
        case .safeToVisit: "Safe to visit"
        case .reason: "Reason for the referral"
        case .notes: "Notes"
        case .wishes: "What the person wants"
        case .needs: "Need"
        case .riskCode: "Risk: which kind"
        case .riskDetail: "Risk: in words"
        case .riskToVisitors: "Risk: to visitors"
        case .urgency: "Urgency"
        case .consentKnown: "The person knows of the referral"
        case .consentAgreed: "The person agreed"
        case .consentBy: "Agreement: who took it"
        case .consentOn: "Agreement: when"
        case .consentNote: "Agreement: note"
        case .memberRelation: "Household: relation"
        case .memberGiven: "Household: first names"
        case .memberFamily: "Household: family name"
        case .memberDOB: "Household: date of birth"
        case .memberLivesHere: "Household: lives here"
        case .referrerName: "Referrer: name"
        case .referrerRole: "Referrer: role"
        case .referrerOrganisation: "Referrer: organisation"
        case .referrerPhone: "Referrer: phone"
        case .referrerEmail: "Referrer: e-mail"
        case .concern: "Safeguarding: concern"
        case .raisedWith: "Safeguarding: raised with"
        case .raisedAt: "Safeguarding: raised at"
        case .attachmentName: "Attachment: name"
        case .attachmentMediaType: "Attachment: kind of file"
        case .attachmentSize: "Attachment: size"
        case .attachmentSHA256: "Attachment: SHA-256"
        case .attachmentContent: "Attachment: where it stands"
        case .attachmentFile: "Attachment: name of the file"
        case .sourceCode: "Source code"
        case .sourceKind: "Kind of organisation"
        case .extensions: "Addition"
        }
    }

    /// The field of a value at a path such as `household[0].given`, and a name that says which of a list it is; nil for none.
    package static func named(_ path: String) -> (field: CanonicalField, words: String)? {
        // What follows is not ours, whatever it looks like.
        if path.hasPrefix(extensions.rawValue + ".") { return (.extensions, CanonicalField.extensions.words) }
        var plain = ""
        var places: [Int] = []
        for part in path.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[")
            plain += (plain.isEmpty ? "" : ".") + (pieces.first ?? "")
            places += pieces.dropFirst().compactMap { Int($0.dropLast()) }
        }
        guard let field = CanonicalField(rawValue: plain) else { return nil }
        let which = places.contains { $0 > 0 } ? " (\(places.map { String($0 + 1) }.joined(separator: ".")))" : ""
        return (field, field.words + which)
    }

    /// Whether its code words are about the message, and tell nothing of anybody.
    package func isOpen(_ text: String) -> Bool {
        switch self {
        case .type: MessageType(rawValue: text) != nil
        case .sourceKind: SourceKind(rawValue: text) != nil
        default: false
        }
    }
}
