import CaseStore
import Console

extension WorkItemKind {
    var urgency: FlowPicture.Need.Urgency {
        switch self {
        case .emergencyAlarm: .now
        case .emergencyLook, .deadLetter, .quarantined, .failedShare, .refusedShare, .parkedShare, .under13,
            .withdrawal,
            .failedExtract, .refusedExtract, .lateAcknowledgement, .undeliveredAnswer, .failedFile, .givenAccess:
            .today
        case .incompleteReferral, .matchReview, .unboundMessage, .outcome, .rejectedPart, .refusedSubmission,
            .proposedShare:
            .soon
        }
    }

    /// What so many of them are, after their number.
    func words(_ count: Int) -> String {
        let isOne = count == 1
        switch self {
        case .emergencyAlarm:
            return isOne
                ? "control room asks about very many persons" : "times a control room asked about very many persons"
        case .emergencyLook:
            return isOne ? "look of a control room is to be reviewed" : "looks of control rooms are to be reviewed"
        case .deadLetter: return isOne ? "message was set aside" : "messages were set aside"
        case .quarantined: return "\(isOne ? "document" : "documents") of which it cannot be told what it is"
        case .failedShare: return "\(isOne ? "share" : "shares") could not be delivered"
        case .refusedShare:
            return isOne ? "share that its recipient will not act on" : "shares that their recipients will not act on"
        case .parkedShare: return isOne ? "share waits for a decision" : "shares wait for a decision"
        case .under13:
            return isOne
                ? "child's form waits for a parent's or guardian's permission"
                : "children's forms wait for a parent's or guardian's permission"
        case .withdrawal:
            return isOne ? "referral was taken back by who sent it" : "referrals were taken back by who sent them"
        case .failedExtract: return "\(isOne ? "extract" : "extracts") could not be delivered"
        case .refusedExtract:
            return isOne ? "extract that its recipient will not take" : "extracts that their recipients will not take"
        case .lateAcknowledgement:
            return isOne
                ? "delivery of which the recipient has not said that it took it in"
                : "deliveries of which the recipients have not said that they took them in"
        case .undeliveredAnswer:
            return isOne ? "sender did not get an answer" : "answers did not reach their senders"
        case .failedFile: return "\(isOne ? "file" : "files") could not be taken"
        case .incompleteReferral: return isOne ? "referral lacks something" : "referrals lack something"
        case .matchReview: return "\(isOne ? "person" : "persons") who may be known already"
        case .unboundMessage: return "\(isOne ? "message answers" : "messages answer") something that is not known"
        case .outcome:
            return isOne ? "partner told what became of something" : "times a partner told what became of something"
        case .rejectedPart: return "\(isOne ? "row or message" : "rows or messages") of a file refused"
        case .refusedSubmission: return "\(isOne ? "request" : "requests") refused before anything was stored"
        case .givenAccess:
            return isOne
                ? "account was let in to what is known of persons"
                : "times an account was let in to what is known of persons"
        case .proposedShare:
            return isOne ? "share that the person may be asked about" : "shares that persons may be asked about"
        }
    }

    /// What one of them is, by itself.
    var title: String {
        let words = words(1)
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// What to do about one, for whoever has never had one before.
    var advice: String {
        switch self {
        case .incompleteReferral:
            "The referral was stored, and something that it needs is missing or cannot be read. Open its "
                + "life, ask who sent it for what is missing, and have them send it again; what came stays."
        case .matchReview: "Compare the two persons, and decide whether they are one."
        case .unboundMessage:
            "A message says that it answers another, and the hub cannot tell which. Ask who sent it what it belongs to."
        case .withdrawal:
            "Who sent the referral took it back. Find out why, and decide whether the person is still "
                + "helped; nothing was deleted."
        case .outcome:
            "A partner told what became of something. Read it, and enter what became of the referral if it "
                + "changes anything."
        case .rejectedPart:
            "A row or a message could not be taken while the others of its file were. Ask who sent it to "
                + "mend it and to send it again."
        case .quarantined:
            "The document is kept apart, and nothing was made of it. Read it as it came, find out what it "
                + "is, and have it sent again in a form that the hub knows."
        case .refusedSubmission:
            "A request was refused before anything was stored. Its sender was told why at once; make sure "
                + "that they know what to change."
        case .failedFile:
            "A file in the drop folder could not be taken. Ask the partner to drop it again; the answer "
                + "beside it says what is wrong."
        case .deadLetter:
            "A message was set aside after its last attempt. Find out why, mend it, and bring it back; what "
                + "waits behind it goes on meanwhile."
        case .proposedShare:
            "The referral suggests that a partner could help. Ask the person; if they agree, record the "
                + "agreement and ask for the share."
        case .parkedShare: "Look at what would leave, and let it go or do not."
        case .failedShare:
            "The share did not arrive, and no further attempt follows by itself. See why, mend the way to "
                + "the partner, and bring it back, or tell the partner by another way."
        case .refusedShare: "The partner got it and will not act on it. Ask why, and find the person other help."
        case .lateAcknowledgement:
            "It was delivered, and the recipient has not said in time that it took it in. Phone them and "
                + "ask; then enter what they say."
        case .failedExtract:
            "The extract did not arrive, or may no longer leave as it is. See why, and make it anew."
        case .refusedExtract: "The recipient will not take the extract. Ask why, and make it anew if that helps."
        case .undeliveredAnswer:
            "A sender did not get the hub's answer to what it sent. What it sent is stored; tell it so by another way."
        case .under13:
            "What the child wrote is kept apart and nobody has worked on it. Ask a parent or guardian. Once "
                + "they permit it, keep that permission on file and enter its id here. Without, it is destroyed "
                + "after 30 days. If it tells of harm, follow the safeguarding procedure at once, whatever they "
                + "say."
        case .emergencyLook: "Look into what the control room asked and was told, and enter what you found."
        case .emergencyAlarm:
            "A control room asks about very many persons in a short time. Phone it now on a number that you "
                + "know. In a flood that is its work; on any other day its credentials may be stolen, and an "
                + "administrator must disable them."
        case .givenAccess:
            "Ask whoever it says did it, and the account's owner by a way that you know, whether both know of it. If "
                + "one does not, have another administrator shut the account out at once. Who did it, and the account "
                + "itself, cannot say that it was right; where you are alone, whoever runs the hub does: hub work done."
        }
    }
}
