import Rights

extension Operation {
    /// What it is, for staff who read a page.
    var words: String {
        switch self {
        case .submitReferral: "refer somebody by HTTP or BaRS"
        case .readReceipt: "see what became of a submission"
        case .enterReferral: "enter a referral that came by phone, letter or face to face"
        case .readReferral: "read a referral and its person"
        case .readDocument: "read a document as it came"
        case .recordOutcome: "say what became of a referral"
        case .readMatch: "see two who may be one person"
        case .decideMatch: "say whether two are one person"
        case .readCircumstances: "see restrictions, objections and the like"
        case .changeCircumstances: "enter a restriction, an objection, a death, the end of support"
        case .readAgreement: "see what a person agreed to"
        case .recordAgreement: "enter what a person agrees to"
        case .withdrawAgreement: "enter that an agreement is withdrawn"
        case .readShare: "see shares"
        case .requestShare: "ask for a share"
        case .cancelShare: "take a share back"
        case .acknowledgeShare: "enter that a recipient confirmed a share"
        case .previewShare: "see what a share would send"
        case .readApproval: "see what named persons answered"
        case .approveShare: "answer to a share, as an officer or as second pair of eyes"
        case .approveAsPrivacyOfficer: "answer as data protection officer or information governance"
        case .fetchDocument: "fetch a document that is handed over in a partner’s own portal"
        case .watchFlow: "see how the hub stands, in figures"
        case .readTrace: "see what happened to an id, in ids and code words"
        case .readLedger: "read, check and prove the ledger"
        case .mendQueues: "pause and resume queues, and have what was set aside tried again"
        case .readSettings: "see partners, credentials without secrets, adapters and rules"
        case .managePartners: "suspend and resume partners, revoke credentials, make the next API key"
        case .readStaff: "see accounts of staff"
        case .manageStaff: "add accounts of staff, change their roles, shut them out"
        case .finishWork: "say that a work item is dealt with"
        case .finishQueueWork: "say it of an item about a queue, a file or a request"
        case .permitChild: "enter that a parent or guardian permits a child’s form"
        case .lookUp: "ask how to get to a person, and for the key-safe code"
        case .answerCall: "ask for a control room that has phoned"
        case .readAccessCard: "read an access card"
        case .keepAccessCard: "save and remove an access card"
        case .readLook: "see looks of control rooms"
        case .readPersonLooks: "see which control rooms looked at a person"
        case .reviewLook: "enter what a review of a look found"
        }
    }
}
