import Matching
import Postgres
import Referral
import Vault

/// One message on its way into the store, with the blind indexes by which its person is found.
struct IntakeEntry {
    let intake: IntakeRecord
    let item: IntakeItem
    /// Nothing when the message was refused: then there is nothing to find either.
    let subject: Subject?
    /// Two messages that share one of these may be about the same person, or one may answer the other.
    let touches: Set<[UInt8]>

    /// What is looked up for a message that was understood.
    struct Subject {
        let referral: Referral
        let type: MessageType
        let index: PersonIndex
        let fingerprint: Fingerprint
        /// Of the message's own id.
        let message: [UInt8]?
        /// Of the id of the earlier message that it answers; a referral opens a person of its own, whatever it answers.
        let answered: [UInt8]?
    }

    /// Which item of which submission it is.
    var part: IntakeReads.Part { .init(receipt: intake.receipt, ordinal: item.ordinal) }

    init(_ item: IntakeItem, of intake: IntakeRecord, vault: Vault) {
        self.intake = intake
        self.item = item
        guard let referral = item.referral, item.status != .rejected else {
            subject = nil
            touches = []
            return
        }
        let type = referral.type.code ?? .notice
        let subject = Subject(
            referral: referral, type: type, index: PersonIndex(referral, sender: intake.sender, vault: vault),
            fingerprint: Fingerprint(referral, sender: intake.sender),
            message: referral.messageID.map { vault.blindIndex(.messageID, $0) },
            answered: type == .referral ? nil : referral.inReplyTo.map { vault.blindIndex(.messageID, $0) })
        self.subject = subject
        touches = Set(subject.index.identifiers.map(\.index) + [subject.message, subject.answered].compactMap { $0 })
    }

    /// Whether its person is looked for by numbers among those who are known, and nobody new is made of it.
    var seeksKnownPerson: Bool {
        guard let subject, subject.answered == nil else { return false }
        return subject.type.answersAnother || !item.opensCase
    }

    /// Whether it opens a new person unless a verified number finds one.
    var mayOpenPerson: Bool { subject.map { $0.answered == nil } ?? false && !seeksKnownPerson }

    /// When it was sent, or for want of that came.
    var sentAt: Timestamp { subject?.referral.sentAt.map(Timestamp.init) ?? intake.receivedAt }
}

/// A person whose row this transaction holds.
struct HeldPerson {
    let id: UUIDValue
    let nhs: [UInt8]?
    let birthDate: [UInt8]?
    let profileAt: Timestamp
    let sealedProfile: [UInt8]
    let sealedFingerprint: [UInt8]
    /// None once the person was erased.
    let wrappedKey: [UInt8]?

    /// Whether a message about this person would have to be about somebody else: another birth date, or another
    /// verified NHS number. What either side does not say contradicts nothing.
    func isContradicted(by index: PersonIndex) -> Bool {
        func differ(_ held: [UInt8]?, _ told: [UInt8]?) -> Bool {
            guard let held, let told else { return false }
            return held != told
        }
        return differ(birthDate, index.birthDate) || differ(nhs, index.nhs)
    }
}

/// A person who is made of a message.
struct NewPerson {
    let id = UUIDValue.v7()
    let madeAt: Timestamp
    let profileAt: Timestamp
    let nhs: [UInt8]?
    let birthDate: [UInt8]?
    let sealedProfile: [UInt8]
    let fingerprint: Fingerprint
    let sealedFingerprint: [UInt8]
    let wrappedKey: [UInt8]
    let key: DataKey

    init(_ entry: IntakeEntry, _ subject: IntakeEntry.Subject, nhs: [UInt8]?, vault: Vault) {
        let (key, wrapped) = vault.newDataKey()
        self.key = key
        wrappedKey = wrapped
        madeAt = entry.intake.receivedAt
        profileAt = entry.sentAt
        self.nhs = nhs
        birthDate = subject.index.birthDate
        sealedProfile = vault.seal(
            StrictJSON.write(subject.referral.value), with: key, context: Place.profile(id))
        fingerprint = subject.fingerprint
        sealedFingerprint = vault.seal(subject.fingerprint, with: key, of: id)
    }
}

/// What is to be done with a message.
enum IntakeFate {
    /// Refused when it was translated.
    case refused
    /// A notice about somebody who is not known.
    case unknownPerson
    /// Nobody can tell whom it is about; why, as a code word.
    case unbound(code: String)
    /// Kept for a person who is known; `answering` is the earlier message that it answers.
    case kept(HeldPerson, answering: UUIDValue?)
    /// Kept for a new person, who may be one of those found.
    case new(NewPerson, findings: [MatchFinding])

    /// The known person of ``kept(_:answering:)``.
    var person: UUIDValue? { if case .kept(let person, _) = self { person.id } else { nil } }

    var newPerson: NewPerson? { if case .new(let person, _) = self { person } else { nil } }
}
