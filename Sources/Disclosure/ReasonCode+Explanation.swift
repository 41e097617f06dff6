extension ReasonCode {
    /// The reason in plain words, written to the person whom the data is about; a child of ten should follow.
    package var explanation: String {
        switch self {
        case .purposeMissing: "Who asked did not say what it was for."
        case .marketingNever: "We never share facts about you to sell you things."
        case .saleNever: "We never sell facts about you."
        case .multiplePurposes: "They asked for more than one use at once. Each use must be asked for on its own."
        case .purposeUnknown: "The use they gave is not one that we share for."
        case .levelUnknown: "They did not say if people could see who you are."
        case .automatedDecisionNever: "A machine would have made a choice about you. Only people may do that."
        case .evaluationError: "We could not check it all. When in doubt, we share nothing."
        case .publicBodyReview:
            "A body that is not on our list asked because of a law. The person here who guards your data must "
                + "look first."
        case .recipientNotListed: "Who asked is not on the list of those we may share with."
        case .purposeNotForRecipient: "They are not one of those who may have facts for this use."
        case .recipientSuspended: "We do not share with them just now."
        case .recordErased: "We have wiped your record."
        case .retentionExpired: "The time in which we may use your record is over."
        case .dependantScope:
            "Facts about a child go to other teams in the council only, for a study. And only if the child lives "
                + "with you."
        case .agreementEndsAtDeath: "What a person agreed to ends when they die."
        case .deceasedReview: "The person has died. A worker here must look at this."
        case .processingRestricted: "You told us to stop using your data. You have not said yes since then."
        case .restrictedDPOReview:
            "You told us to stop using your data. But a law may ask for it. The person here who guards your data "
                + "must look first."
        case .objectionResearch: "You said no to the use of your data in a study."
        case .objectionPlanning: "You said no to the use of your data in planning."
        case .objectionAll: "You said no to any sharing of your data."
        case .erasurePending: "You asked us to wipe your data. Until that is settled, a worker here must look at this."
        case .purposeNotEnabled: "We do not share for this use yet."
        case .supportEnded: "We have stopped helping you, so we have stopped sharing too."
        case .levelNotForPurpose: "They asked for it in a form that this use does not need."
        case .noAgreement: "You have not signed to say yes. We do not share without that."
        case .agreementNotStarted: "You have said yes, but only from a later day."
        case .agreementRevoked: "You said yes before, and then took it back."
        case .agreementExpired: "You said yes, but the time for it has run out."
        case .guardianPermissionMissing: "For a child under 13, a parent has to say yes first."
        case .signatoryAuthorityMissing: "Somebody else signed for you. They have not shown us that they may."
        case .recipientWithdrawn: "You said yes to them before, and then took it back."
        case .purposeNotInAgreement: "You said yes to them, but not for this use."
        case .agreementCoversDependantsOnly: "You said yes to facts about your children, not about you."
        case .recipientNotInAgreement: "You did not name them when you said yes."
        case .emergencyUnverified:
            "They said that you are in danger, but did not show it. The person in charge must check."
        case .notEmergencyData: "What they asked for does not help to reach you or keep you safe."
        case .nfiMinorsExcluded: "This check is about grown-ups only. We do not know that you are one."
        case .channelNotNFI: "This check has a website of its own. It may come by that way only."
        case .legalAuthorityRequired:
            "They said that a law lets them ask, but not which one. A worker here must find out."
        case .officerApprovalRequired: "A named person in charge must say yes first."
        case .planningAnonymisedOnly: "For planning we give counts only. We never give facts about one person."
        case .notInProgramme: "You are not in the group that this study is about."
        case .ipsosNeverIdentifiable: "This study never gets facts that show who you are."
        case .researchUseBan: "A study may not use your data to act on you, or to find out who you are."
        case .researchUndertakingMissing: "Those who do the study have not signed the rules that keep you safe."
        case .channelNotEncryptedEmail: "Facts that show who you are go to a study by locked e-mail only."
        case .igApprovalRequired: "The study wants to know who you are. A person here must say yes first."
        case .identityNotVerified: "We must first be sure that it is you who asks."
        case .noPreviousDisclosure: "They never had this from us, so there is nothing to put right."
        case .channelInsecure: "The way they wanted it sent does not keep it safe."
        case .channelNotConfigured: "We have no safe way set up to send it to them."
        case .cohortTooSmall: "So few people were counted that somebody could guess who you are."
        case .differencingRefused: "By looking at an older count too, somebody could guess who you are."
        case .kTooSmall: "Too few people are like you, so somebody could guess who you are."
        case .noPermittedFields: "None of what they asked for may go to them for this use."
        case .lowestLevelFirst: "They did not say why they must know who you are, so that was left out."
        case .linkConsentMissing: "You did not say yes to joining lists, so the key for that was left out."
        case .fieldsWithheld: "They get only what this use needs and what you said yes to. The rest was left out."
        case .permitted: "You said yes to this, or our rules allow it."
        }
    }

    /// The clauses of the notice on which this reason rests; empty where it is the purpose's own clauses.
    package var clauses: [String] {
        switch self {
        case .marketingNever, .saleNever: ["C13"]
        case .automatedDecisionNever: ["C17"]
        case .publicBodyReview: ["C4", "C10"]
        case .recipientNotListed: ["C10", "C19"]
        case .purposeNotForRecipient: ["C10"]
        case .recipientSuspended, .channelInsecure, .channelNotConfigured: ["C15"]
        case .recordErased, .processingRestricted, .restrictedDPOReview, .objectionResearch, .objectionPlanning,
            .objectionAll, .erasurePending, .identityNotVerified, .noPreviousDisclosure:
            ["C14"]
        case .retentionExpired: ["C18"]
        case .dependantScope: ["C7"]
        case .supportEnded: ["C11"]
        case .guardianPermissionMissing: ["C16"]
        case .researchUseBan, .researchUndertakingMissing, .channelNotEncryptedEmail, .igApprovalRequired: ["C6"]
        case .lowestLevelFirst: ["C5"]
        default: []
        }
    }
}
