import Disclosure
import Referral
import Testing

@Suite struct PolicyTests {
    @Test(arguments: Purpose.allCases)
    func `the example of each purpose is permitted`(_ purpose: Purpose) {
        let decision = Policy.decide(Example.permitted(purpose))
        #expect(decision.reason == .permitted)
        #expect(decision.released == Example.permitted(purpose).request.groups)
        #expect(decision.withheld.isEmpty)
    }

    @Test(arguments: [
        (Purpose.careSupport, Level.identifiable, "log track_for_notices"),
        (.emergency, .identifiable, "log notify_duty_officer post_review track_for_notices"),
        (.safeguarding, .identifiable, "log record_authority track_for_notices"),
        (.nfi, .identifiable, "log record_authority track_for_notices"),
        (.researchEvaluation, .anonymised, "log small_number_suppression"),
        (.researchEvaluation, .pseudonymised, "log no_reidentification recipient_pseudonyms"),
        (
            .researchEvaluation, .identifiable,
            "dispose_by_retention encrypt_email log no_decisions no_other_use no_reidentification track_for_notices"
        ),
        (.ipsosEvaluation, .pseudonymised, "log no_reidentification recipient_pseudonyms"),
        (.healthPlanning, .anonymised, "log small_number_suppression"),
        (.legalStatutory, .anonymised, "log record_authority small_number_suppression"),
        (.subjectNotice, .identifiable, "log"),
        (.subjectRights, .identifiable, "log"),
        (.rightsNotice, .identifiable, "log track_for_notices"),
    ])
    func `a release carries the obligations of its purpose and level`(
        _ purpose: Purpose, _ level: Level, _ expected: String
    ) {
        let decision = Policy.decide(
            Example.facts(purpose, level) { $0.request.groups = Example.groups("NAME NEEDS SERVICE") })
        #expect(decision.level == level)
        #expect(decision.obligations.map(\.rawValue).sorted().joined(separator: " ") == expected)
    }

    @Test func `what is refused or referred carries nothing`() {
        for facts in [
            Example.facts(.careSupport) { $0.agreements = [] },
            Example.facts(.safeguarding) { $0.request.officerApproval = nil },
        ] {
            let decision = Policy.decide(facts)
            #expect(decision.level == nil)
            #expect(decision.released.isEmpty)
            #expect(decision.withheld == facts.request.groups)
            #expect(decision.obligations.isEmpty)
        }
    }

    @Test func `at send a refusal cancels, a referral parks, and a permit goes`() {
        func queue(_ stage: Stage, _ facts: DisclosureFacts) -> QueueAction? {
            var facts = facts
            facts.stage = stage
            return Policy.decide(facts).queue
        }
        let revoked = Example.facts(.careSupport) { $0.agreements[0].revokedAt = Example.now }
        let referred = Example.facts(.safeguarding) { $0.request.authorityReference = nil }
        let reduced = Example.facts(.careSupport) { $0.request.groups.insert(.finance) }
        #expect(queue(.send, revoked) == .cancel)
        #expect(queue(.send, referred) == .park)
        #expect(queue(.send, Example.permitted(.careSupport)) == .go)
        #expect(queue(.send, reduced) == .go)
        #expect(queue(.request, revoked) == nil)
    }

    @Test func `a public body with a legal purpose is let in by the data protection officer`() {
        var facts = Example.permitted(.fraudPrevention)
        facts.request.recipient = "hmrc"
        #expect(Policy.decide(facts).reason == .recipientNotListed)
        facts.request.isPublicBody = true
        #expect(Policy.decide(facts).reason == .publicBodyReview)
        facts.request.dpoApproval = "dpo"
        let decision = Policy.decide(facts)
        #expect(decision.reason == .permitted)
        #expect(decision.needsSecondPerson)
        facts.request.purposes = ["care_support"]
        #expect(Policy.decide(facts).reason == .recipientNotListed)
    }

    @Test func `a third party authorised for research is let in for research only`() {
        var facts = Example.permitted(.researchEvaluation, .pseudonymised)
        facts.request.recipient = "university_of_somewhere"
        facts.request.channel = "sftp"
        #expect(Policy.decide(facts).reason == .recipientNotListed)
        facts.request.isResearchAuthorised = true
        #expect(Policy.decide(facts).reason == .permitted)
        facts.request.purposes = ["health_planning"]
        #expect(Policy.decide(facts).reason == .recipientNotListed)
        facts.request.purposes = ["research_evaluation"]
        facts.subject.relation = .dependant
        facts.subject.livesWithClient = true
        facts.subject.age = 9
        #expect(Policy.decide(facts).reason == .dependantScope)
    }

    @Test func `a dependant's data goes to a council department for research about a child at home`() {
        func reason(_ change: (inout DisclosureFacts) -> Void) -> ReasonCode {
            Policy.decide(
                Example.facts(.researchEvaluation, .pseudonymised) {
                    $0.request.recipient = "council_insight"
                    $0.subject.relation = .dependant
                    $0.subject.livesWithClient = true
                    $0.subject.age = 9
                    change(&$0)
                }
            ).reason
        }
        #expect(reason { _ in } == .permitted)
        #expect(reason { $0.subject.livesWithClient = false } == .dependantScope)
        #expect(reason { $0.subject.age = 18 } == .dependantScope)
        #expect(reason { $0.subject.age = nil } == .dependantScope)
        #expect(reason { $0.request.recipient = "uhdb" } == .dependantScope)
    }

    @Test func `a legal hold lifts the end of retention for legal purposes only`() {
        let change: (inout DisclosureFacts) -> Void = {
            $0.subject.retentionUntil = Example.moment("2026-01-01")
            $0.subject.hasLegalHold = true
        }
        #expect(Policy.decide(Example.facts(.safeguarding, nil, change)).reason == .permitted)
        #expect(Policy.decide(Example.facts(.careSupport, nil, change)).reason == .retentionExpired)
        #expect(Policy.decide(Example.facts(.subjectRights, nil, change)).reason == .retentionExpired)
    }

    @Test(arguments: [
        (Purpose.emergency, ReasonCode.permitted), (.safeguarding, .permitted), (.careSupport, .objectionAll),
        (.researchEvaluation, .objectionResearch), (.ipsosEvaluation, .objectionResearch),
        (.healthPlanning, .objectionPlanning), (.subjectRights, .permitted), (.rightsNotice, .permitted),
    ])
    func `an objection to everything stops what it can stop`(_ purpose: Purpose, _ reason: ReasonCode) {
        #expect(Policy.decide(Example.facts(purpose) { $0.subject.objections = [.all] }).reason == reason)
    }

    @Test func `counts are outside an objection to research, rows are not`() {
        func reason(_ level: Level) -> ReasonCode {
            Policy.decide(
                Example.facts(.researchEvaluation, level) { $0.subject.objections = [.research] }
            ).reason
        }
        #expect(reason(.anonymised) == .permitted)
        #expect(reason(.pseudonymised) == .objectionResearch)
        #expect(reason(.identifiable) == .objectionResearch)
    }

    @Test func `research without a reason comes down a level and follows the channels of that level`() {
        func decision(_ channel: String, _ groups: String) -> Decision {
            Policy.decide(
                Example.facts(.researchEvaluation) {
                    $0.request.whyIdentifiable = nil
                    $0.request.channel = channel
                    $0.request.groups = Example.groups(groups)
                })
        }
        let lowered = decision("sftp", "NHSNO NEEDS")
        #expect(lowered.reason == .lowestLevelFirst)
        #expect(lowered.level == .pseudonymised)
        #expect(lowered.released == [.needs])
        #expect(decision("plain_email", "NEEDS").reason == .channelInsecure)
        #expect(decision("sftp", "NHSNO").reason == .noPermittedFields)
    }

    @Test func `counts may take any known way, also plain e-mail`() {
        let facts = Example.facts(.healthPlanning) { $0.request.channel = "plain_email" }
        #expect(Policy.decide(facts).reason == .permitted)
        #expect(
            Policy.decide(Example.facts(.healthPlanning) { $0.request.channel = "pigeon" }).reason == .channelInsecure)
    }

    @Test func `the link key needs the person's consent, and rows`() {
        func decision(_ level: Level, consent: Bool) -> Decision {
            Policy.decide(
                Example.facts(.ipsosEvaluation, level) {
                    $0.request.groups.insert(.link)
                    $0.subject.hasIpsosLinkConsent = consent
                })
        }
        #expect(decision(.pseudonymised, consent: true).released.contains(.link))
        #expect(decision(.pseudonymised, consent: false).reason == .linkConsentMissing)
        #expect(decision(.anonymised, consent: true).reason == .fieldsWithheld)
        #expect(!decision(.anonymised, consent: true).released.contains(.link))
    }

    @Test func `an emergency goes by phone after a call-back`() {
        let facts = Example.facts(.emergency) {
            $0.request.channel = "phone"
            $0.request.isCallBackVerified = true
        }
        #expect(Policy.decide(facts).reason == .permitted)
    }

    @Test func `an order lets free text out that it names, and nothing that it does not`() {
        let decision = Policy.decide(
            Example.facts(.legalStatutory) {
                $0.request.orderedGroups = [.notes]
                $0.request.groups = [.notes, .offence, .name]
            })
        #expect(decision.released == [.notes])
        #expect(decision.withheld == [.offence, .name])
    }

    @Test func `a second person is needed where one is not enough`() {
        let needing = Purpose.allCases.filter { Policy.decide(Example.permitted($0)).needsSecondPerson }
        #expect(needing == [.nfi, .researchEvaluation])
        #expect(!Policy.decide(Example.permitted(.researchEvaluation, .pseudonymised)).needsSecondPerson)
    }

    @Test func `what needs a second person waits until two different ones have approved`() {
        func decide(_ purpose: Purpose, _ change: (inout DisclosureFacts) -> Void = { _ in }) -> Decision {
            var facts = Example.permitted(purpose)
            facts.stage = .send
            facts.request.dpoApproval = nil
            facts.request.igApproval = nil
            change(&facts)
            return Policy.decide(facts)
        }
        let one = decide(.nfi)
        #expect(one.outcome.releases && one.awaitsSecondPerson && !one.mayLeave && one.queue == .park)
        #expect(one.code == "second_person_required")
        let same = decide(.nfi) { $0.request.secondApproval = $0.request.officerApproval }
        #expect(!same.mayLeave)
        let two = decide(.nfi) { $0.request.secondApproval = "another" }
        #expect(two.mayLeave && two.queue == .go)
        #expect(decide(.safeguarding).mayLeave)
        // The data protection officer's review of a body outside the register is one of the two.
        let body = decide(.fraudPrevention) {
            $0.request.recipient = "hmrc"
            $0.request.isPublicBody = true
            $0.request.dpoApproval = "dpo-1"
        }
        #expect(body.needsSecondPerson && body.mayLeave)
    }

    @Test func `a share that is referred says whose approval it lacks`() {
        func role(_ reason: ReasonCode) -> ApprovalRole? { ApprovalRole(lackedFor: reason) }
        #expect(role(.officerApprovalRequired) == .officer && role(.legalAuthorityRequired) == .officer)
        #expect(
            role(.publicBodyReview) == .dataProtectionOfficer && role(.restrictedDPOReview) == .dataProtectionOfficer)
        #expect(role(.igApprovalRequired) == .informationGovernance)
        // No approval brings back the dead or decides an erasure.
        #expect(
            [.deceasedReview, .erasurePending, .emergencyUnverified, .identityNotVerified].allSatisfy {
                role($0) == nil
            })
        #expect(role(.noAgreement) == nil)
    }

    @Test func `a decision names the clauses and the version of the policy`() {
        #expect(Policy.decide(Example.permitted(.careSupport)).clauses == ["C1"])
        let ended = Policy.decide(Example.facts(.careSupport) { $0.subject.supportEndedOn = Example.now })
        #expect(ended.clauses == ["C1", "C11"])
        #expect(ended.policyVersion == PolicyRules.notice.version)
        #expect(ended.at == Example.now)
    }

    @Test func `the trace lists every line tried, in the order of the steps, and only the last applies`() {
        let trace = Policy.decide(Example.permitted(.careSupport)).trace
        #expect(trace.map(\.step) == trace.map(\.step).sorted())
        #expect(Set(trace.map(\.step)) == Set([1, 2, 3, 4, 5, 7, 8, 9, 10, 11]))
        #expect(trace.count { $0.applied } == 1)
        #expect(trace.last?.applied == true)
        #expect(Policy.decide(Example.permitted(.careSupport), tracing: false).trace.isEmpty)
    }

    @Test func `a trace and an explanation repeat nothing that the asker typed and the policy does not know`() {
        let typed = "Jane Doe 01332"
        let facts = Example.facts(.careSupport) {
            $0.request.recipient = typed
            $0.request.purposes = [typed]
            $0.request.level = typed
            $0.request.channel = typed
            $0.request.officerApproval = typed
            $0.request.authorityReference = typed
            $0.request.intendedUse = typed
        }
        #expect(!Policy.decide(facts).explained(by: .notice).contains("Jane"))
        for purpose in Purpose.allCases {
            var facts = facts
            facts.request.purposes = [purpose.rawValue]
            facts.request.recipient = Example.permitted(purpose).request.recipient
            facts.request.level = Example.permitted(purpose).request.level
            #expect(!Policy.decide(facts).explained(by: .notice).contains("Jane"))
        }
    }

    @Test func `the explanation says who asked, what for, what goes and what does not, and why`() {
        let refused = Policy.decide(Example.facts(.housingSupport) { $0.agreements = [] })
        #expect(
            refused.explanation(by: .notice)
                == "Derby Homes asked for facts about you. It is for help with your home. They get nothing. "
                + ReasonCode.noAgreement.explanation)
        let reduced = Policy.decide(Example.facts(.careSupport) { $0.request.groups.insert(.notes) })
        #expect(
            reduced.explanation(by: .notice)
                == "The GP surgery asked for facts about you. It is for your care. They may have your name, your NHS number "
                + "and what you need help with. They do not get notes about you. "
                + ReasonCode.fieldsWithheld.explanation)
        let counted = Policy.decide(Example.permitted(.healthPlanning))
        #expect(counted.explanation(by: .notice).contains("People are only counted."))
        let referred = Policy.decide(Example.facts(.emergency) { $0.request.isLive = false })
        #expect(referred.explanation(by: .notice).contains("A person here must say yes or no first."))
    }

    @Test func `the decision for machines has the keys that are documented, and no other`() throws {
        let facts = Example.facts(.careSupport) { $0.stage = .send }
        let decision = Policy.decide(facts)
        let value = decision.value(by: .notice)
        #expect(
            try #require(value.objectValue).keys.sorted() == [
                "agreement", "at", "awaits_second_person", "clauses", "explanation", "format", "level",
                "needs_second_person", "obligations", "outcome", "policy_version", "purpose", "queue", "reason",
                "recipient", "released", "tried", "withheld",
            ])
        #expect(value["outcome"] == "PERMIT" && value["reason"] == "permitted" && value["format"] == 1)
        #expect(value["released"] == ["NAME", "NEEDS", "NHSNO"] && value["withheld"] == .array([]))
        #expect(value["agreement"] == ["id": "A1", "version": 1])
        #expect(value["recipient"] == "the GP surgery" && value["queue"] == "go")
        let tried = try #require(value["tried"]?.arrayValue)
        #expect(tried.count == decision.trace.count && tried.count > 20)
        for line in tried {
            #expect(line.objectValue?.keys.sorted() == ["applied", "facts", "rule", "step"])
            #expect(line["rule"]?.stringValue.flatMap(ReasonCode.init) != nil)
        }
        #expect(tried.last?["applied"] == true)
        let refused = Policy.decide(Example.facts(.careSupport) { $0.agreements = [] }).value(by: .notice)
        #expect(refused["level"] == .null && refused["agreement"] == .null && refused["queue"] == .null)
    }
}
