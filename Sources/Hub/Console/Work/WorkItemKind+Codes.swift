import CaseStore
import Disclosure
import Referral

extension WorkItemKind {
    /// What an item's code says, in a sentence; nil where the hub knows no more than the code, as of a partner's own.
    func explanation(of code: String) -> String? {
        switch self {
        case .matchReview: Self.matchCodes[code]
        case .parkedShare: ShareState.reason(forParking: code)
        case .under13:
            code == "concern_of_harm"
                ? "What the child wrote tells that somebody hurts them."
                : "A parent's or guardian's permission is lacking."
        case .emergencyLook: Self.lookCodes[code]
        case .emergencyAlarm: "It asked about thirty persons or more within ten minutes."
        case .unboundMessage: Self.unboundCodes[code]
        case .lateAcknowledgement:
            "It did not come by the way on which it was awaited: \(code.replacing("_", with: " "))."
        case .proposedShare: "What for: \(code.replacing("_", with: " "))."
        case .givenAccess: GivenAccess(rawValue: code).map(Self.words)
        case .withdrawal, .outcome: nil
        case .incompleteReferral, .rejectedPart, .quarantined, .refusedSubmission, .failedFile, .deadLetter,
            .failedShare, .refusedShare, .failedExtract, .refusedExtract, .undeliveredAnswer:
            FindingCode(rawValue: code).map(Self.words)
                ?? ReasonCode(rawValue: code).map { "As the person is told: “\($0.explanation)”" }
        }
    }

    private static let matchCodes = [
        "number_known": "A number of the new person's is one that somebody else is known by.",
        "birth_date_differs": "The NHS number is known and verified, and the birth dates differ.",
        "birth_date_missing": "The NHS number is known and verified, and one side has no birth date.",
        "name_differs": "The NHS number is known and verified, and the names differ.",
        "looks_alike": "The new person looks like somebody who is known.",
        "numbers_merged": "The sender says that two of its numbers are one person's.",
    ]

    private static let lookCodes = [
        "card": "One person was found and told of.",
        "candidates": "Several persons were found.",
        "none": "Nobody was found of whom something may be told.",
        "reveal": "The code of a key safe was asked for.",
        "card_unproved": "One person was found and told of, and it could not be proved who asked.",
        "candidates_unproved": "Several persons were found, and it could not be proved who asked.",
        "none_unproved": "Nobody was found, and it could not be proved who asked.",
        "reveal_unproved": "The code of a key safe was asked for, and it could not be proved who asked.",
    ]

    private static func words(_ access: GivenAccess) -> String {
        switch access {
        case .accountAdded: "An account was added with a role that sees persons or approves shares."
        case .roleGiven: "An account was given a role that sees persons or approves shares."
        case .linkMade:
            "A new link was made for an account that sees persons or approves shares: whoever has the link becomes its owner."
        }
    }

    private static let unboundCodes = [
        "update": "It changes a referral that the hub does not know.",
        "withdrawal": "It takes back a referral that the hub does not know.",
        "outcome": "It tells what became of something that the hub does not know.",
        "share_unknown": "It answers a share that the hub has not made.",
        "reply_unclear": "It answers a share, and it cannot be told what it says.",
        "names_another_person": "It names another person than the referral that it answers.",
        "names_erased_person": "It names somebody who was erased.",
    ]

    private static func words(_ code: FindingCode) -> String {
        switch code {
        case .notParseable: "It is not made as documents of its kind are, and cannot be read."
        case .encoding: "Its letters are not in the encoding that it says."
        case .schema: "Something in it is not made as it must be."
        case .missing: "Something that must be there is missing."
        case .invalidIdentifier: "A number in it fails its check."
        case .invalidDate: "A date in it is none."
        case .unknownCode: "It holds a code that is not on the list."
        case .tooLarge: "It is too large."
        case .mediaType: "It is of a kind that is not taken."
        case .checksum: "It is not what its checksum was made of."
        case .incompleteSet: "A part of a set did not come."
        case .virus: "A virus was found in it."
        case .senderMismatch: "It names another sender than the one who sent it."
        case .conflict: "Something else came under the same id before."
        case .stale: "A later message came before it."
        case .notForUs: "It is addressed to somebody else."
        case .internal: "The hub itself failed at it."
        }
    }
}

extension ShareState {
    /// Why a share waits for a person, in a sentence to that person.
    static func reason(forParking code: String) -> String? {
        if code == Decision.secondPersonRequired {
            return "It may leave once a second person, who is none of those before, lets it go as well."
        }
        if code == "person_merged" {
            return "It was permitted before two persons were found to be one. Ask for it anew if it is still right."
        }
        guard let reason = ReasonCode(rawValue: code) else { return nil }
        switch reason {
        case .legalAuthorityRequired:
            return "It is said to rest on a law, and no authority is named. The officer names it with the answer."
        case .officerApprovalRequired: return "What rests on a law leaves only when an officer lets it go."
        case .igApprovalRequired: return "Research that shows who somebody is needs information governance."
        case .publicBodyReview:
            return "The body is not in the register. The data protection officer must have looked at its legal purpose."
        case .restrictedDPOReview:
            return
                "The person's record is under restriction. The data protection officer must say that a law "
                + "asks for it all the same."
        case .erasurePending: return "The person asked for erasure. Until that is decided nothing leaves."
        case .deceasedReview:
            return "The person has died. Somebody must say what is right now, and ask for the share anew."
        default: return "As the person is told: “\(reason.explanation)”"
        }
    }
}
