package import Postgres

/// Why something waits for a member of staff; the same closed list is the SQL type `record.work_item_kind`.
package enum WorkItemKind: String, CaseIterable, Sendable, SQLScalar {
    /// A referral was stored with something missing.
    case incompleteReferral = "incomplete_referral"
    /// A new person may be one who is known.
    case matchReview = "match_review"
    /// A message answers one that is not known from its sender.
    case unboundMessage = "unbound_message"
    /// A referrer took a referral back.
    case withdrawal
    /// A partner told what became of something.
    case outcome
    /// A row of a file, or a message of several, was refused while the others were taken.
    case rejectedPart = "rejected_part"
    /// A document of which it cannot be told what it is.
    case quarantined
    /// A request that was refused before it became a submission.
    case refusedSubmission = "refused_submission"
    case failedFile = "failed_file"
    case deadLetter = "dead_letter"
    /// A share that follows from a referral by rule, and that staff may ask the person about; its code is the purpose.
    case proposedShare = "proposed_share"
    /// A share on which a named person must decide.
    case parkedShare = "parked_share"
    /// A share that could not be delivered.
    case failedShare = "failed_share"
    /// A share that was delivered, and that its recipient will not act on.
    case refusedShare = "refused_share"
    /// A share or an extract that was delivered, and of which its recipient has not said in time that it took it in.
    case lateAcknowledgement = "late_acknowledgement"
    /// An extract that could not be delivered, or that may no longer leave as it is and is to be made anew.
    case failedExtract = "failed_extract"
    /// An extract that was delivered, and that its recipient will not take.
    case refusedExtract = "refused_extract"
    /// A sender did not get its acknowledgement.
    case undeliveredAnswer = "undelivered_answer"
    /// What a child wrote is kept apart until a parent or guardian permits that it be worked on.
    case under13 = "under_13"
    /// A control room has looked: somebody is to look into that.
    case emergencyLook = "emergency_look"
    /// A control room asks about many persons in a short time.
    case emergencyAlarm = "emergency_alarm"
    /// Somebody was let in to what is known of persons, by a role or by the way into an account that has one.
    case givenAccess = "given_access"
}

/// How somebody was let in to what is known of persons.
package enum GivenAccess: String, CaseIterable, Sendable {
    /// An account was added with a role that sees persons.
    case accountAdded = "account_added"
    /// An account was given such a role.
    case roleGiven = "role_given"
    /// A link was made for an account that has one: whoever has the link becomes its owner.
    case linkMade = "link_made"
}

/// A work item to be made. Ids and code words only.
package struct NewWorkItem: Sendable {
    package var kind: WorkItemKind
    package var code: String
    package var submission: UUIDValue?
    package var ordinal: Int?
    package var referral: UUIDValue?
    package var person: UUIDValue?
    /// The other person of a match review.
    package var otherPerson: UUIDValue?
    package var share: UUIDValue?
    package var extract: UUIDValue?
    package var message: Int64?
    package var partner: String?
    /// The look of a control room.
    package var look: UUIDValue?
    /// The account of staff that it is about.
    package var account: String?
    /// Who did what it tells of.
    package var actor: String?
    /// By when; left out, whenever there is time.
    package var dueAt: Timestamp?

    package init(
        kind: WorkItemKind, code: String, submission: UUIDValue? = nil, ordinal: Int? = nil,
        referral: UUIDValue? = nil, person: UUIDValue? = nil, otherPerson: UUIDValue? = nil,
        share: UUIDValue? = nil, extract: UUIDValue? = nil, message: Int64? = nil, partner: String? = nil,
        dueAt: Timestamp? = nil
    ) {
        self.kind = kind
        self.code = code
        self.submission = submission
        self.ordinal = ordinal
        self.referral = referral
        self.person = person
        self.otherPerson = otherPerson
        self.share = share
        self.extract = extract
        self.message = message
        self.partner = partner
        self.dueAt = dueAt
    }
}

/// A work item that waits, or is done.
package struct WorkItem: Sendable {
    package var id: UUIDValue
    package var createdAt: Timestamp
    package var doneAt: Timestamp?
    package var doneBy: String?
    package var item: NewWorkItem
}
