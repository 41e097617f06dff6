extension ReasonCode {
    /// The reason in plain words, written to the person whom the data is about.
    package var explanation: String {
        switch self {
        case .purposeMissing: "Whoever asked did not say what it was for."
        case .marketingNever: "We never share anything about you for marketing."
        case .saleNever: "We never sell or rent anything about you."
        case .multiplePurposes: "It was asked for several purposes at once. Each purpose has to be asked for by itself."
        case .purposeUnknown: "The purpose given is not one for which we share."
        case .levelUnknown: "The request did not say in a way we know whether you would be recognisable in it."
        case .automatedDecisionNever:
            "It would have been used to decide about you without a person, which we do not allow."
        case .evaluationError: "The request could not be checked completely, and in doubt nothing leaves."
        case .publicBodyReview:
            "A public body that is not on our list asked because of a law. Our data protection officer must look at "
                + "it first."
        case .recipientNotListed: "Whoever asked is not on the list of those with whom we may share."
        case .purposeNotForRecipient: "This organisation does not receive data for this purpose."
        case .recipientSuspended: "Sharing with this organisation is stopped at present, or it is not under contract."
        case .recordErased: "Your record has been erased."
        case .retentionExpired: "The time for which we may keep and use your record is over."
        case .dependantScope:
            "Data about a dependant is used by council departments for research only, and only about a child who "
                + "lives with you."
        case .agreementEndsAtDeath: "The permission on a Shared Agreement ends when the person dies."
        case .deceasedReview: "The person has died. A member of staff must look at this request."
        case .processingRestricted: "You restricted the use of your data, and gave no permission after that."
        case .restrictedDPOReview:
            "You restricted the use of your data. Our data protection officer must look at this legal request."
        case .objectionResearch: "You objected to the use of your data for research and evaluation."
        case .objectionPlanning: "You objected to the use of your data for planning."
        case .objectionAll: "You objected to the sharing of your data."
        case .erasurePending:
            "You asked us to erase your data. Until that is decided, a member of staff must look at every request."
        case .purposeNotEnabled: "We do not share for this purpose yet."
        case .supportEnded: "Your support has ended, and shares for your support ended with it."
        case .levelNotForPurpose: "The request asked for a form of the data that is not used for this purpose."
        case .noAgreement: "You have signed no Shared Agreement, and without your permission we do not share."
        case .agreementNotStarted: "Your Shared Agreement has not started yet."
        case .agreementRevoked: "You took back your Shared Agreement."
        case .agreementExpired: "Your Shared Agreement has run out."
        case .guardianPermissionMissing: "For a child under 13 a parent or guardian has to give permission first."
        case .signatoryAuthorityMissing:
            "Somebody else signed the Shared Agreement, and we have no evidence that they may."
        case .recipientWithdrawn: "You took back your permission for this organisation."
        case .purposeNotInAgreement: "Your Shared Agreement names this organisation, but not for this purpose."
        case .agreementCoversDependantsOnly:
            "Your Shared Agreement lets this organisation know about your dependants, not about you."
        case .recipientNotInAgreement: "Your Shared Agreement does not name this organisation."
        case .emergencyUnverified: "An emergency was claimed, but not shown to be one. The duty officer must check it."
        case .notEmergencyData: "Nothing that was asked for helps to reach you or to help you in an emergency."
        case .nfiMinorsExcluded:
            "The National Fraud Initiative takes data about adults only, and we do not know that this is about one."
        case .channelNotNFI: "The National Fraud Initiative takes data through its own web application only."
        case .legalAuthorityRequired: "A law was given as the reason, but not which one. A member of staff must ask."
        case .officerApprovalRequired: "A named officer has to approve this request before anything is shared."
        case .planningAnonymisedOnly:
            "For the planning of health services only counts are shared, never anything about one person."
        case .notInProgramme: "You are not in the programme that is being evaluated."
        case .ipsosNeverIdentifiable:
            "The evaluator of the programme never receives anything in which you can be recognised."
        case .researchUseBan:
            "Research data is never used to act or decide about people, for other ends, or to find out who they are."
        case .researchUndertakingMissing: "The researcher has not signed the undertakings that protect you."
        case .channelNotEncryptedEmail: "Research data in which you can be recognised is sent by encrypted e-mail only."
        case .igApprovalRequired:
            "Research data in which you can be recognised has to be approved by information governance first."
        case .identityNotVerified: "We must first be sure that it is you, or somebody who may act for you, who asks."
        case .noPreviousDisclosure: "This organisation never had this data, so there is nothing to tell it."
        case .channelInsecure: "The way by which it would have been sent does not protect your data."
        case .channelNotConfigured: "The way by which it would have been sent is not set up for this organisation."
        case .cohortTooSmall: "The group of people was so small that you might have been recognised in the counts."
        case .differencingRefused:
            "The counts differ so little from earlier ones that you might have been recognised by comparing them."
        case .kTooSmall: "Too few people in the extract resemble each other, so you might have been recognised."
        case .noPermittedFields: "Nothing of what was asked for may be shared with this organisation for this purpose."
        case .lowestLevelFirst:
            "No reason was given why you had to be recognisable, so your name and numbers were left out."
        case .linkConsentMissing:
            "You did not agree to your data being joined with other data, so the key for that was left out."
        case .fieldsWithheld: "Only what this purpose needs, and what was agreed, is shared; the rest was left out."
        case .permitted: "Everything that was asked for is covered by what the notice and your agreement allow."
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
