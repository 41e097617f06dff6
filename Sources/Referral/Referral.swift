/// The canonical model: one message about one person, whatever its sender wrote it in (partner interfaces, section 1).
///
/// ``value`` is the envelope's shape and the form in which a referral is stored, printed and mapped. A field that the
/// document did not have, or that could not be read, is nil or empty here; what it said stays in the stored document.
package struct Referral: Sendable, Hashable {
    /// 1 to 64 of `[A-Za-z0-9._:-]`, unique per sender for ever.
    package var messageID: String?
    /// The partner's id in the register.
    package var sender: String?
    package var sentAt: Instant?
    package var type: Coded<MessageType>
    /// The ``messageID`` that this message answers.
    package var inReplyTo: String?
    package var marking: Coded<Marking>
    package var person: Person
    package var address: Address?
    /// Why the person is referred: free text, 1 to 4000 characters.
    package var reason: String?
    package var notes: String?
    /// What the person wants, in their own words.
    package var wishes: String?
    package var needs: [Coded<NeedCode>]
    package var risks: [Risk]
    package var urgency: Coded<Urgency>?
    package var consent: Consent?
    /// The people around the person. The only third parties a referral has; never persons of a case by themselves.
    package var household: [HouseholdMember]
    package var referrer: Referrer?
    package var safeguarding: Safeguarding?
    package var attachments: [Attachment]
    package var sourceCode: Coded<SourceCode>?
    package var sourceKind: Coded<SourceKind>?
    /// What a partner tells beyond the envelope, each with its group.
    package var extensions: [Extension]

    package init(
        messageID: String? = nil, sender: String? = nil, sentAt: Instant? = nil,
        type: Coded<MessageType> = .known(.referral), inReplyTo: String? = nil,
        marking: Coded<Marking> = .known(.officialSensitive), person: Person = Person(), address: Address? = nil,
        reason: String? = nil, notes: String? = nil, wishes: String? = nil, needs: [Coded<NeedCode>] = [],
        risks: [Risk] = [], urgency: Coded<Urgency>? = nil, consent: Consent? = nil,
        household: [HouseholdMember] = [], referrer: Referrer? = nil, safeguarding: Safeguarding? = nil,
        attachments: [Attachment] = [], sourceCode: Coded<SourceCode>? = nil, sourceKind: Coded<SourceKind>? = nil,
        extensions: [Extension] = []
    ) {
        self.messageID = messageID
        self.sender = sender
        self.sentAt = sentAt
        self.type = type
        self.inReplyTo = inReplyTo
        self.marking = marking
        self.person = person
        self.address = address
        self.reason = reason
        self.notes = notes
        self.wishes = wishes
        self.needs = needs
        self.risks = risks
        self.urgency = urgency
        self.consent = consent
        self.household = household
        self.referrer = referrer
        self.safeguarding = safeguarding
        self.attachments = attachments
        self.sourceCode = sourceCode
        self.sourceKind = sourceKind
        self.extensions = extensions
    }

    /// The NHS number that may be used to find the person without asking anybody; nil when there is none, or when two
    /// different ones are given.
    package var verifiedNHSNumber: String? {
        let numbers = Set(person.identifiers.filter { $0.type == .known(.nhsNumber) && $0.verified }.map(\.value))
        return numbers.count == 1 ? numbers.first : nil
    }
}
