import Referral

// Step 9, the rules of each purpose.
extension OrderLine {
    static let notEnabled = deny(9, .purposeNotEnabled, facts: \.purposeText) {
        !($0.purpose.map($0.rules.enabledPurposes.contains) ?? false)
    }

    static let supportEnded = deny(
        9, .supportEnded, .consent, facts: { FactText.text("support ended", $0.subject.supportEndedOn) }
    ) { $0.hasCome($0.subject.supportEndedOn) }

    // Planning and the evaluator have reasons of their own for a level that is not theirs.
    static let levelNotForPurpose = deny(
        9, .levelNotForPurpose, .all.subtracting([.planning, .ipsos]), facts: { "\($0.purposeText), \($0.levelText)" }
    ) { $0.row == nil }

    static let agreements = Permission.refusals.map { reason in
        deny(9, reason, .consent, facts: { $0.permissionText(reason) }) { $0.permission?.refusal == reason }
    }

    static let emergency = [
        refer(
            9, .emergencyUnverified, .emergency,
            facts: {
                [
                    FactText.text("live", $0.request.isLive),
                    FactText.given("incident reference", $0.request.incidentReference), $0.channelText,
                    FactText.text("called back", $0.request.isCallBackVerified),
                ].joined(separator: ", ")
            }
        ) {
            !$0.request.isLive || !$0.request.incidentReference.isGiven
                || ($0.channel == .phone && !$0.request.isCallBackVerified)
        },
        insecure(9, .emergency),
        deny(9, .notEmergencyData, .emergency, facts: { FactText.text("asked", $0.request.groups) }) {
            $0.row?.groups.isDisjoint(with: $0.request.groups) ?? true
        },
    ]

    static let legal = [
        deny(
            9, .nfiMinorsExcluded, .legal, facts: { "\($0.purposeText), \(FactText.text("age", $0.subject.age))" }
        ) { $0.purpose == .nfi && !$0.isAdult },
        deny(9, .channelNotNFI, .legal, facts: { "\($0.purposeText), \($0.channelText)" }) {
            $0.purpose == .nfi && $0.channel != .nfiWeb
        },
        refer(
            9, .legalAuthorityRequired, .legal,
            facts: { FactText.given("authority reference", $0.request.authorityReference) }
        ) { !$0.request.authorityReference.isGiven },
        refer(
            9, .officerApprovalRequired, .legal,
            facts: { FactText.given("officer approval", $0.request.officerApproval) }
        ) { !$0.request.officerApproval.isGiven },
    ]

    static let planning = [
        deny(9, .planningAnonymisedOnly, .planning, facts: \.levelText) { $0.level != .anonymised }
    ]

    static let ipsos = [
        deny(
            9, .notInProgramme, .ipsos,
            facts: {
                [
                    FactText.text("care status", $0.subject.careStatus?.rawValue),
                    FactText.text("in the programme", $0.subject.isInDfEProgramme),
                ].joined(separator: ", ")
            }
        ) { $0.subject.careStatus == nil || !$0.subject.isInDfEProgramme },
        deny(9, .ipsosNeverIdentifiable, .ipsos, facts: \.levelText) { $0.level == .identifiable },
    ]

    static let research = [
        // Hard rule 8 holds for the evaluator of the programme too.
        deny(
            9, .researchUseBan, [.research, .ipsos],
            facts: { FactText.known("intended use", $0.request.intendedUse.map { [$0] } ?? [], as: ResearchUse.self) }
        ) { $0.request.intendedUse.map { ResearchUse(rawValue: $0) == nil } ?? false },
        deny(
            9, .researchUndertakingMissing, .research,
            facts: { "\($0.levelText), \(FactText.text("undertakings", $0.request.hasUndertakings))" }
        ) { $0.askedLevel != .anonymised && !$0.request.hasUndertakings },
        deny(9, .channelNotEncryptedEmail, .research, facts: { "\($0.levelText), \($0.channelText)" }) {
            $0.level == .identifiable && !$0.isEncryptedEmail
        },
        refer(
            9, .igApprovalRequired, .research,
            facts: { "\($0.levelText), \(FactText.given("IG approval", $0.request.igApproval))" }
        ) { $0.level == .identifiable && !$0.request.igApproval.isGiven },
    ]

    /// The uses of research data that clause C6 leaves.
    private enum ResearchUse: String {
        case research, evaluation, statistics
        case researchEvaluation = "research_evaluation"
    }

    static let rights = [
        refer(
            9, .identityNotVerified, .subjectRights,
            facts: { FactText.text("identity verified", $0.request.isIdentityVerified) }
        ) { !$0.request.isIdentityVerified },
        deny(
            9, .noPreviousDisclosure, .rightsNotice,
            facts: { FactText.text("had before", $0.request.previouslyDisclosed) }
        ) { $0.request.previouslyDisclosed.isEmpty },
    ]
}
