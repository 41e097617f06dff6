package import Postgres
package import Referral

/// One message of a document, translated: what intake hands to the store.
package struct IntakeItem: Sendable {
    /// Its place in the document, from 0.
    package var ordinal: Int
    package var status: ReferralReading.Status
    /// Nothing when it could not be understood at all.
    package var referral: Referral?
    package var findings: [Finding]
    /// Where its values stood in the document.
    package var provenance: Provenance?
    /// Whether it may bring a new person: not so for a hospital's notices of admission and discharge (HL7 ADT), which
    /// are about whoever comes to the hospital.
    package var opensCase: Bool

    package init(
        ordinal: Int, status: ReferralReading.Status, referral: Referral?, findings: [Finding] = [],
        provenance: Provenance? = nil, opensCase: Bool = true
    ) {
        self.ordinal = ordinal
        self.status = status
        self.referral = referral
        self.findings = findings
        self.provenance = provenance
        self.opensCase = opensCase
    }
}

/// All messages of one submission, and what its sender is to be told.
package struct IntakeRecord: Sendable {
    package var receipt: UUIDValue
    package var sender: String
    package var receivedAt: Timestamp
    /// How long an item may wait for the earlier message that it answers; after that it becomes a work item.
    package var waitsUntil: Timestamp
    /// Until when a file that an item names may come; after that staff are shown the item.
    package var filesUntil: Timestamp
    package var items: [IntakeItem]
    /// What it says about shares that its sender was given.
    package var replies: [PartnerReply] = []
    /// Accepted, incomplete or rejected, as a whole.
    package var state: SubmissionState
    package var findings: [Finding]
    /// Of a file with several parts, which is not kept for as long as they are: what its sender called it.
    package var file: DocumentNames?

    /// - Parameters:
    ///   - waitsUntil: Left out, no item waits.
    ///   - filesUntil: Left out, files may come until `waitsUntil`.
    package init(
        receipt: UUIDValue, sender: String, receivedAt: Timestamp, waitsUntil: Timestamp? = nil,
        filesUntil: Timestamp? = nil, items: [IntakeItem], state: SubmissionState = .accepted, findings: [Finding] = []
    ) {
        precondition(state != .received, "a submission that was worked on is not merely received")
        self.receipt = receipt
        self.sender = sender
        self.receivedAt = receivedAt
        self.waitsUntil = waitsUntil ?? receivedAt
        self.filesUntil = filesUntil ?? self.waitsUntil
        self.items = items
        self.state = state
        self.findings = findings
    }
}

/// What the store made of one message.
package enum IntakeResult: Sendable, Hashable {
    case stored(StoredReferral)
    /// A notice about somebody who is not known: nothing is kept, and the document is destroyed after 24 hours.
    case unknownPerson
    /// It answers a message that has not come yet: its submission stays unfinished, and is resumed when that has come,
    /// or when it has waited long enough.
    case awaiting
    /// It answers a message that is not known from this sender, and need not wait for it any longer: a work item.
    case unbound
    /// It names nobody or cannot be read: a work item.
    case rejected
}

/// Where a message was stored.
package struct StoredReferral: Sendable, Hashable {
    package var id: UUIDValue
    package var person: UUIDValue
    package var caseFile: UUIDValue?
    package var isNewPerson: Bool
    /// Whether an earlier run had stored it.
    package var isRepeat: Bool
}
