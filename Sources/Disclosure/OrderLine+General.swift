import Referral

// Steps 1 to 8, which do not depend on the rules of one purpose.
extension OrderLine {
    static let shape = [
        deny(1, .purposeMissing, facts: \.purposeText) { $0.purposes.isEmpty },
        deny(1, .marketingNever, facts: \.purposeText) { $0.purposes.contains("marketing") },
        deny(1, .saleNever, facts: \.purposeText) { $0.purposes.contains("sale") || $0.purposes.contains("rent") },
        deny(1, .multiplePurposes, facts: { FactText.text("purposes", $0.purposes.count) }) { $0.purposes.count > 1 },
        deny(1, .purposeUnknown, facts: \.purposeText) { $0.purpose == nil },
        deny(1, .levelUnknown, facts: \.levelText) { $0.level == nil },
        deny(1, .automatedDecisionNever, facts: { FactText.text("decided by", $0.facts.decisionUse?.rawValue) }) {
            $0.facts.decisionUse == .automated
        },
        deny(1, .evaluationError, facts: { FactText.text("facts not understood", $0.facts.unreadable.count) }) {
            !$0.facts.unreadable.isEmpty
        },
    ]

    static let recipient = [
        refer(
            2, .publicBodyReview, .legal,
            facts: {
                [
                    $0.recipientText, FactText.text("public body", $0.request.isPublicBody),
                    FactText.given("DPO approval", $0.request.dpoApproval),
                ].joined(separator: ", ")
            }
        ) { $0.recipient == nil && $0.unlisted == .publicBody && !$0.request.dpoApproval.isGiven },
        deny(2, .recipientNotListed, facts: \.recipientText) { $0.recipient == nil && $0.unlisted == nil },
        deny(2, .purposeNotForRecipient, facts: { "\($0.recipientText), \($0.purposeText)" }) { !$0.isInRow },
        deny(
            2, .recipientSuspended,
            facts: {
                [
                    FactText.text("suspended", $0.request.isRecipientSuspended),
                    FactText.text("out of contract", $0.isOutOfContract),
                ].joined(separator: ", ")
            }
        ) { $0.request.isRecipientSuspended || $0.isOutOfContract },
    ]

    static let record = [
        deny(3, .recordErased, facts: { FactText.text("erasure", $0.subject.erasure?.rawValue) }) {
            $0.subject.erasure == .done
        },
        deny(
            3, .retentionExpired,
            facts: {
                [
                    FactText.text("retention until", $0.subject.retentionUntil),
                    FactText.text("legal hold", $0.subject.hasLegalHold),
                ].joined(separator: ", ")
            }
        ) { $0.hasCome($0.subject.retentionUntil) && !($0.subject.hasLegalHold && $0.family == .legal) },
    ]

    static let dependants = [
        deny(
            4, .dependantScope, .all.subtracting([.emergency, .legal, .subjectRights, .rightsNotice]),
            facts: {
                [
                    FactText.text("about", $0.subject.relation.rawValue),
                    FactText.text("lives with the person", $0.subject.livesWithClient),
                    FactText.text("age", $0.subject.age), $0.recipientText, $0.purposeText,
                ].joined(separator: ", ")
            }
        ) {
            let isCouncilResearch = $0.family == .research && $0.recipient?.standing == .council
            return $0.subject.relation == .dependant
                && !(isCouncilResearch && $0.subject.livesWithClient && $0.isChild)
        }
    ]

    static let death = [
        deny(5, .agreementEndsAtDeath, .consent, facts: \.deathText) { $0.hasCome($0.subject.deceasedOn) },
        // A notice of somebody's own service would reach a house in mourning: the stricter reading.
        refer(
            5, .deceasedReview, [.emergency, .research, .ipsos, .subjectRights, .subjectNotice], facts: \.deathText
        ) { $0.hasCome($0.subject.deceasedOn) },
    ]

    static let restriction = [
        deny(6, .processingRestricted, [.research, .ipsos, .planning], facts: \.restrictionText) {
            $0.hasCome($0.subject.restrictedOn)
        },
        refer(
            6, .restrictedDPOReview, .legal,
            facts: { "\($0.restrictionText), \(FactText.given("DPO approval", $0.request.dpoApproval))" }
        ) { $0.hasCome($0.subject.restrictedOn) && !$0.request.dpoApproval.isGiven },
    ]

    static let objection = [
        deny(7, .objectionResearch, [.research, .ipsos], facts: { "\($0.objectionText), \($0.levelText)" }) {
            // Counts are outside an objection to research, but not outside one to everything (section 12, reading 7).
            $0.subject.objections.contains(.all)
                || ($0.subject.objections.contains(.research) && $0.level != .anonymised)
        },
        deny(7, .objectionPlanning, .planning, facts: \.objectionText) {
            !$0.subject.objections.isDisjoint(with: [.planning, .all])
        },
        deny(7, .objectionAll, .consent, facts: \.objectionText) { $0.subject.objections.contains(.all) },
    ]

    static let erasure = [
        refer(
            8, .erasurePending, [.consent, .research, .ipsos, .planning],
            facts: { FactText.text("erasure", $0.subject.erasure?.rawValue) }
        ) { $0.subject.erasure == .requested }
    ]
}

extension Evaluation {
    fileprivate var deathText: String { FactText.text("died", subject.deceasedOn) }
    fileprivate var restrictionText: String { FactText.text("restricted since", subject.restrictedOn) }
    fileprivate var objectionText: String { FactText.text("objections", subject.objections) }
}
