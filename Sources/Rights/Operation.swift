/// Something that a caller may be allowed to do. Every route and every page of the hub but those for anybody is one of these.
package enum Operation: String, CaseIterable, Sendable, Hashable {
    // MARK: Referrals

    /// Refer somebody, by HTTP or BaRS.
    case submitReferral = "submit_referral"
    /// See what became of a submission. A partner's own are those that it sent itself.
    case readReceipt = "read_receipt"
    /// Enter on the staff's form what came by phone, letter or face to face.
    case enterReferral = "enter_referral"
    /// Read a referral and its person.
    case readReferral = "read_referral"
    /// Read a document as it came.
    case readDocument = "read_document"
    /// Say whether a referral was taken on, not, or is closed.
    case recordOutcome = "record_outcome"

    // MARK: Persons

    case readMatch = "read_match"
    /// Say whether two are one person.
    case decideMatch = "decide_match"
    case readCircumstances = "read_circumstances"
    /// Enter a restriction, an objection, a death, the end of support.
    case changeCircumstances = "change_circumstances"

    // MARK: Shares

    case readAgreement = "read_agreement"
    case recordAgreement = "record_agreement"
    case withdrawAgreement = "withdraw_agreement"
    case readShare = "read_share"
    case requestShare = "request_share"
    case cancelShare = "cancel_share"
    /// Enter that a recipient has confirmed a share by another way.
    case acknowledgeShare = "acknowledge_share"
    /// See the bytes that a share would send.
    case previewShare = "preview_share"
    case readApproval = "read_approval"
    /// Answer to a share that waits for a person, as an officer or as the second pair of eyes.
    case approveShare = "approve_share"
    /// Answer as data protection officer or as information governance.
    case approveAsPrivacyOfficer = "approve_as_privacy_officer"
    /// Fetch a document that is handed over in a partner's own portal.
    case fetchDocument = "fetch_document"

    // MARK: The console

    /// See how the hub stands: who sends, what waits and fails, what needs a person. Figures, and nobody's data.
    case watchFlow = "watch_flow"
    /// See everything that happened to one id, in ids, states and code words.
    case readTrace = "read_trace"
    /// Read the ledger's entries, check it and take proofs out of it.
    case readLedger = "read_ledger"
    /// Pause and resume queues, and have what was set aside tried again, without seeing who it is about.
    case mendQueues = "mend_queues"

    // MARK: Settings

    /// See which partners, credentials, adapters and disclosure rules the hub knows, without any secret.
    case readSettings = "read_settings"
    /// Suspend and resume partners, revoke their credentials, give one its next API key.
    case managePartners = "manage_partners"
    /// See who of staff may sign in, and as what.
    case readStaff = "read_staff"
    /// Add accounts of staff, change their roles, shut them out, let them set themselves up anew.
    case manageStaff = "manage_staff"

    // MARK: Work for people

    /// Say that a work item is dealt with.
    case finishWork = "finish_work"
    /// Say it of an item that is about a queue, a file or a request, and not about what a document says.
    case finishQueueWork = "finish_queue_work"
    /// Say that somebody may well have been let in to what is known of persons.
    case reviewAccess = "review_access"
    /// Enter that a parent or guardian permits that what a child wrote be worked on.
    case permitChild = "permit_child"

    // MARK: Emergency access

    /// Ask how to get to a person, and for the key-safe code.
    case lookUp = "look_up"
    /// Ask for a control room that has phoned and was called back.
    case answerCall = "answer_call"
    case readAccessCard = "read_access_card"
    /// Save and remove a card, and have one drafted out of the person's referrals.
    case keepAccessCard = "keep_access_card"
    case readLook = "read_look"
    /// See which control rooms looked at one person, as that person may be told: without who asked there.
    case readPersonLooks = "read_person_looks"
    case reviewLook = "review_look"
}
