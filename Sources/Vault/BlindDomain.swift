/// What kind of value a blind index or keyed hash stands for; each has a key of its own.
///
/// So the same text gives unrelated bytes in two domains, and an index of one column tells nothing about another.
package enum BlindDomain: String, CaseIterable, Sendable {
    case nhsNumber = "nhs-number"
    case birthDate = "birth-date"
    /// An identifier of another kind; the value carries its scheme and, for a local number, who gave it.
    case identifier
    /// The thread that a message belongs to, for its order.
    case thread
    /// The id that a sender gave to a submission or a message.
    case messageID = "message-id"
    /// The bytes of a submission.
    case document
    case fileName = "file-name"
    /// The digest of a file that was dropped beside its referral.
    case fileDigest = "file-digest"
    /// The address of somebody who wrote an e-mail.
    case mailAddress = "mail-address"
    /// What those have in common who may be one person: a sound of a name with a year of birth, a phone.
    case matching
    /// A person among those of an extract.
    case cohort
    /// The key and the body of a request that its caller may repeat.
    case request
    /// A member of staff, as the council's identity provider knows them.
    case staffSubject = "staff-subject"
    /// A control room's reference of an incident.
    case incident
}
