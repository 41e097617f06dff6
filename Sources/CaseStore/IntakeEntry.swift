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
        /// Of the sender's own number for the referral, by which its later messages may name it.
        let number: [UInt8]?
        /// Of the id or number of the earlier message that it answers; a referral opens a person of its own, whatever it
        /// answers.
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
            number: referral.number.map { vault.blindIndex(.messageID, $0) },
            answered: type == .referral ? nil : referral.inReplyTo.map { vault.blindIndex(.messageID, $0) })
        self.subject = subject
        let names = [subject.message, subject.number, subject.answered].compactMap { $0 }
        touches = Set(subject.index.identifiers.map(\.index) + names)
    }

    /// Whether its person is looked for by numbers among those who are known, and nobody new is made of it.
    var seeksKnownPerson: Bool {
        guard let subject, subject.answered == nil else { return false }
        return subject.type.answersAnother || !item.opensCase
    }

    /// Whether it tells something about the person that the picture of the person shows.
    var changesProfile: Bool {
        guard let subject else { return false }
        return [.referral, .update, .notice].contains(subject.type)
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
    /// It answers a message that has not come yet, known by the blind index of its id or number.
    case awaiting(answered: [UInt8])
    /// Nobody can tell whom it is about; why, as a code word.
    case unbound(code: String)
    /// Kept for a person who is known; `answering` is the earlier message that it answers. With findings, others may be the
    /// same person.
    case kept(HeldPerson, answering: Earlier?, findings: [MatchFinding] = [])
    /// Kept for a new person, who may be one of those found.
    case new(NewPerson, findings: [MatchFinding])

    /// An earlier message, and the first of its thread: the referral that all of it is about.
    struct Earlier {
        let id: UUIDValue
        let thread: UUIDValue
    }

    /// The known person of ``kept(_:answering:findings:)``.
    var person: HeldPerson? { if case .kept(let person, _, _) = self { person } else { nil } }

    /// The person of whom something sent later than this message was told already, so that the picture of the person
    /// must be made anew.
    func overtaken(by entry: IntakeEntry) -> HeldPerson? {
        guard let person, entry.changesProfile, entry.sentAt < person.profileAt else { return nil }
        return person
    }

    var newPerson: NewPerson? { if case .new(let person, _) = self { person } else { nil } }
}
