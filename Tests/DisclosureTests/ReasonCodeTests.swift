import Disclosure
import Referral
import Testing

@Suite struct ReasonCodeTests {
    /// One example for every reason: what it takes to be given it.
    struct Case: Sendable, CustomTestStringConvertible {
        let outcome: Outcome
        let reason: ReasonCode
        let facts: DisclosureFacts

        init(_ outcome: Outcome, _ reason: ReasonCode, _ facts: DisclosureFacts) {
            self.outcome = outcome
            self.reason = reason
            self.facts = facts
        }

        var testDescription: String { reason.rawValue }
    }

    static let cases: [Case] = shape + recipient + record + consent + others + release

    private static let shape: [Case] = [
        Case(.deny, .purposeMissing, Example.facts(.careSupport) { $0.request.purposes = [] }),
        Case(.deny, .purposeMissing, Example.facts(.careSupport) { $0.request.purposes = [""] }),
        Case(.deny, .marketingNever, Example.facts(.careSupport) { $0.request.purposes.append("marketing") }),
        Case(.deny, .saleNever, Example.facts(.careSupport) { $0.request.purposes.append("sale") }),
        Case(.deny, .multiplePurposes, Example.facts(.careSupport) { $0.request.purposes.append("housing_support") }),
        Case(.deny, .purposeUnknown, Example.facts(.careSupport) { $0.request.purposes = ["curiosity"] }),
        Case(.deny, .levelUnknown, Example.facts(.careSupport) { $0.request.level = "" }),
        Case(.deny, .automatedDecisionNever, Example.facts(.careSupport) { $0.decisionUse = .automated }),
        Case(.deny, .evaluationError, Example.facts(.careSupport) { $0.unreadable = ["subject.age"] }),
    ]

    private static let recipient: [Case] = [
        Case(.deny, .recipientNotListed, Example.facts(.careSupport) { $0.request.recipient = "school" }),
        Case(.deny, .recipientNotListed, Example.facts(.careSupport) { $0.request.recipient = "" }),
        Case(
            .deny, .recipientNotListed,
            Example.facts(.nfi) {
                $0.request.recipient = "hmrc"
                $0.request.isPublicBody = true
            }),
        Case(
            .refer, .publicBodyReview,
            Example.facts(.fraudPrevention) {
                $0.request.recipient = "hmrc"
                $0.request.isPublicBody = true
            }),
        Case(.deny, .purposeNotForRecipient, Example.facts(.careSupport) { $0.request.recipient = "derby_homes" }),
        Case(.deny, .recipientSuspended, Example.facts(.careSupport) { $0.request.isRecipientSuspended = true }),
        Case(
            .deny, .recipientSuspended, Example.facts(.careSupport) { $0.request.recipient = "care_provider:example" }),
    ]

    private static let record: [Case] = [
        Case(.deny, .recordErased, Example.facts(.subjectRights) { $0.subject.erasure = .done }),
        Case(.deny, .retentionExpired, Example.facts(.emergency) { $0.subject.retentionUntil = Example.now }),
        Case(.deny, .dependantScope, Example.facts(.careSupport) { $0.subject.relation = .dependant }),
        Case(.deny, .agreementEndsAtDeath, Example.facts(.careSupport) { $0.subject.deceasedOn = Example.now }),
        Case(.refer, .deceasedReview, Example.facts(.emergency) { $0.subject.deceasedOn = Example.now }),
        Case(.deny, .processingRestricted, Example.facts(.healthPlanning) { $0.subject.restrictedOn = Example.now }),
        Case(.refer, .restrictedDPOReview, Example.facts(.safeguarding) { $0.subject.restrictedOn = Example.now }),
        Case(.deny, .objectionResearch, Example.facts(.ipsosEvaluation) { $0.subject.objections = [.research] }),
        Case(.deny, .objectionPlanning, Example.facts(.healthPlanning) { $0.subject.objections = [.planning] }),
        Case(.deny, .objectionAll, Example.facts(.housingSupport) { $0.subject.objections = [.all] }),
        Case(.refer, .erasurePending, Example.facts(.housingSupport) { $0.subject.erasure = .requested }),
    ]

    private static let consent: [Case] = [
        Case(.deny, .supportEnded, Example.facts(.careSupport) { $0.subject.supportEndedOn = Example.now }),
        Case(.deny, .levelNotForPurpose, Example.permitted(.careSupport, .pseudonymised)),
        Case(.deny, .noAgreement, Example.facts(.careSupport) { $0.agreements = [] }),
        agreement(.agreementNotStarted) { $0.starts = Example.moment("2026-04-01") },
        agreement(.agreementRevoked) { $0.revokedAt = Example.now },
        agreement(.agreementExpired) { $0.expires = Example.now },
        agreement(.guardianPermissionMissing) { $0.signedBy = .childUnder13Online },
        agreement(.signatoryAuthorityMissing) { $0.signedBy = .attorney },
        agreement(.recipientWithdrawn) { $0.scope[0].withdrawnAt = Example.now },
        agreement(.purposeNotInAgreement) { $0.scope[0].purposes = [.housingSupport] },
        agreement(.agreementCoversDependantsOnly) { $0.scope[0].about = .dependants },
        agreement(.recipientNotInAgreement) { $0.scope[0].recipient = "uhdb" },
    ]

    private static func agreement(_ reason: ReasonCode, _ change: (inout Agreement) -> Void) -> Case {
        Case(.deny, reason, Example.facts(.careSupport) { change(&$0.agreements[0]) })
    }

    private static let others: [Case] = [
        Case(.refer, .emergencyUnverified, Example.facts(.emergency) { $0.request.isLive = false }),
        Case(.refer, .emergencyUnverified, Example.facts(.emergency) { $0.request.incidentReference = " " }),
        Case(.refer, .emergencyUnverified, Example.facts(.emergency) { $0.request.channel = "phone" }),
        Case(.deny, .notEmergencyData, Example.facts(.emergency) { $0.request.groups = [.finance] }),
        Case(.deny, .nfiMinorsExcluded, Example.facts(.nfi) { $0.subject.age = nil }),
        Case(.deny, .channelNotNFI, Example.facts(.nfi) { $0.request.channel = "smime_email" }),
        Case(.refer, .legalAuthorityRequired, Example.facts(.safeguarding) { $0.request.authorityReference = nil }),
        Case(.refer, .officerApprovalRequired, Example.facts(.safeguarding) { $0.request.officerApproval = nil }),
        Case(.deny, .planningAnonymisedOnly, Example.permitted(.healthPlanning, .pseudonymised)),
        Case(.deny, .notInProgramme, Example.facts(.ipsosEvaluation) { $0.subject.careStatus = nil }),
        Case(.deny, .ipsosNeverIdentifiable, Example.permitted(.ipsosEvaluation, .identifiable)),
        Case(
            .deny, .researchUseBan,
            Example.facts(.researchEvaluation) { $0.request.intendedUse = "decision_about_person" }),
        Case(
            .deny, .researchUndertakingMissing,
            Example.facts(.researchEvaluation) { $0.request.hasUndertakings = false }),
        Case(.deny, .channelNotEncryptedEmail, Example.facts(.researchEvaluation) { $0.request.channel = "sftp" }),
        Case(
            .deny, .channelNotEncryptedEmail,
            Example.facts(.researchEvaluation) { $0.request.recipientChannels = [.sftp] }),
        Case(.refer, .igApprovalRequired, Example.facts(.researchEvaluation) { $0.request.igApproval = nil }),
        Case(.refer, .identityNotVerified, Example.facts(.subjectRights) { $0.request.isIdentityVerified = false }),
        Case(.deny, .noPreviousDisclosure, Example.facts(.rightsNotice) { $0.request.previouslyDisclosed = [] }),
    ]

    private static let release: [Case] = [
        Case(.deny, .channelInsecure, Example.facts(.careSupport) { $0.request.channel = "plain_email" }),
        Case(.deny, .channelInsecure, Example.facts(.careSupport) { $0.request.channel = "carrier_pigeon" }),
        Case(.deny, .channelInsecure, Example.facts(.careSupport) { $0.request.channel = nil }),
        Case(.deny, .channelInsecure, Example.facts(.emergency) { $0.request.channel = "plain_email" }),
        Case(.deny, .channelNotConfigured, Example.facts(.careSupport) { $0.request.recipientChannels = [.sftp] }),
        Case(
            .deny, .cohortTooSmall,
            Example.facts(.healthPlanning) { $0.request.extract = .init(cohort: 9) }),
        Case(
            .deny, .differencingRefused,
            Example.facts(.healthPlanning) { $0.request.extract = .init(cohort: 10, smallestDifference: 4) }),
        Case(
            .deny, .differencingRefused,
            Example.facts(.ipsosEvaluation) { $0.request.extract = .init(cohort: 99, smallestDifference: 1, k: 5) }),
        Case(.deny, .kTooSmall, Example.facts(.ipsosEvaluation) { $0.request.extract = .init(cohort: 100, k: 4) }),
        Case(.deny, .noPermittedFields, Example.facts(.careSupport) { $0.request.groups = [.finance] }),
        Case(.deny, .noPermittedFields, Example.facts(.careSupport) { $0.request.groups = [] }),
        Case(
            .permitReduced, .lowestLevelFirst,
            Example.facts(.researchEvaluation) { $0.request.whyIdentifiable = nil }),
        Case(
            .permitReduced, .linkConsentMissing,
            Example.facts(.ipsosEvaluation) { $0.request.groups.insert(.link) }),
        Case(.permitReduced, .fieldsWithheld, Example.facts(.careSupport) { $0.request.groups.insert(.notes) }),
        Case(.permit, .permitted, Example.permitted(.careSupport)),
    ]

    @Test(arguments: cases)
    func `each reason is given for the facts that call for it`(_ item: Case) {
        let decision = Policy.decide(item.facts)
        #expect(decision.outcome == item.outcome)
        #expect(decision.reason == item.reason)
        #expect(decision.released.isEmpty == !item.outcome.releases)
        #expect(decision.trace.last?.rule == item.reason)
    }

    @Test func `a purpose that is not in use is refused after everything that concerns all purposes`() {
        var rules = PolicyRules.notice
        rules.enabledPurposes.remove(.emergency)
        #expect(Policy.decide(Example.permitted(.emergency), rules: rules).reason == .purposeNotEnabled)
        let erased = Example.facts(.emergency) { $0.subject.erasure = .done }
        #expect(Policy.decide(erased, rules: rules).reason == .recordErased)
    }

    @Test func `every reason of the closed list is reached`() {
        let reached = Set(Self.cases.map(\.reason)).union([.purposeNotEnabled])
        #expect(reached == Set(ReasonCode.allCases))
    }

    @Test(arguments: ReasonCode.allCases)
    func `every reason has a sentence for the person that a child of ten can read`(_ reason: ReasonCode) {
        #expect(reason.explanation.hasSuffix("."))
        #expect(reason.explanation.count > 20)
        #expect(!reason.explanation.contains("_"))
        #expect(Readability.grade(reason.explanation) <= 7, "\(reason.explanation)")
    }

    @Test func `what is told about decisions of each kind can be read by a child of ten`() {
        let grades = Self.cases.map { Readability.grade(Policy.decide($0.facts).explanation(by: .notice)) }
        #expect(grades.reduce(0, +) / Double(grades.count) < 5)
        #expect(grades.max() ?? 99 <= 7)
    }

    @Test func `the measure of readability tells plain words from others`() {
        #expect(Readability.grade("The cat sat on the mat. It was warm.") < 1)
        #expect(
            Readability.grade("Dissemination of pseudonymised information requires appropriate authorisation.") > 15)
    }
}

/// The grade of Flesch and Kincaid: 4 to 6 is the reading of somebody of 9 to 11.
/// (Kincaid et al., 1975, https://stars.library.ucf.edu/istlibrary/56/)
enum Readability {
    static func grade(_ text: String) -> Double {
        let sentences = text.split(whereSeparator: { ".?!".contains($0) }).filter { $0.contains(where: \.isLetter) }
        let words = text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "'") })
        guard !sentences.isEmpty, !words.isEmpty else { return 0 }
        let syllables = words.reduce(0) { $0 + self.syllables($1) }
        return 0.39 * Double(words.count) / Double(sentences.count) + 11.8 * Double(syllables) / Double(words.count)
            - 15.59
    }

    /// Groups of vowels, without a silent e at the end.
    private static func syllables(_ word: Substring) -> Int {
        let letters = word.lowercased()
        var count = 0
        var wasVowel = false
        for letter in letters {
            let isVowel = "aeiouy".contains(letter)
            if isVowel && !wasVowel { count += 1 }
            wasVowel = isVowel
        }
        if letters.hasSuffix("e") && !letters.hasSuffix("le") && count > 1 { count -= 1 }
        return max(1, count)
    }
}
