import Disclosure
import FoundationEssentials
import Referral
import Testing

/// The properties of disclosure policy, section 14, on thousands of generated facts.
@Suite struct PolicyPropertiesTests {
    /// Each property has facts of its own, and the same in every run.
    /// How many random facts each property is held against; `HUB_FACTS` says otherwise.
    private static let count = ProcessInfo.processInfo.environment["HUB_FACTS"].flatMap { Int($0) } ?? 2000

    private func forAll(seed: UInt64, _ body: (DisclosureFacts, inout RandomFacts) -> Void) {
        var random = RandomFacts(seed: seed)
        for _ in 0..<Self.count { body(random.facts(), &random) }
    }

    private func released(_ facts: DisclosureFacts) -> Set<FieldGroup> { Policy.decide(facts, tracing: false).released }

    @Test func `a fact that counts against release never widens one`() {
        forAll(seed: 1) { facts, random in
            let before = Policy.decide(facts, tracing: false)
            for narrowing in RandomFacts.narrowings.shuffled(using: &random.generator).prefix(4) {
                var after = facts
                narrowing.apply(&after, &random)
                let decision = Policy.decide(after, tracing: false)
                #expect(decision.released.isSubset(of: before.released), "\(narrowing.name): \(facts)")
                if let level = decision.level, let highest = before.level {
                    #expect(
                        level == highest || (level == .pseudonymised && highest == .identifiable), "\(narrowing.name)")
                }
            }
        }
    }

    @Test func `removing a scope line never widens a release`() {
        forAll(seed: 2) { facts, _ in
            let before = released(facts)
            for agreement in facts.agreements.indices {
                for line in facts.agreements[agreement].scope.indices {
                    var after = facts
                    after.agreements[agreement].scope.remove(at: line)
                    #expect(released(after).isSubset(of: before), "\(facts)")
                }
            }
        }
    }

    @Test func `whether a group is released does not depend on what is asked beside it`() {
        forAll(seed: 3) { facts, _ in
            let together = released(facts)
            for group in facts.request.groups {
                var alone = facts
                alone.request.groups = [group]
                #expect(released(alone) == together.intersection([group]), "\(facts)")
            }
        }
    }

    @Test func `at send unchanged facts give the answer of the request`() {
        forAll(seed: 4) { facts, _ in
            var (asked, sent) = (facts, facts)
            (asked.stage, sent.stage) = (.request, .send)
            let (request, send) = (Policy.decide(asked), Policy.decide(sent))
            #expect(request.queue == nil)
            #expect(send.queue == (send.mayLeave ? .go : send.outcome == .deny ? .cancel : .park))
            #expect(
                (request.outcome, request.reason, request.level) == (send.outcome, send.reason, send.level), "\(facts)")
            #expect(request.released == send.released)
            #expect(request.obligations == send.obligations)
            #expect(request.trace == send.trace)
        }
    }

    @Test func `what is released was asked, and is in the row, and under the ceiling`() {
        forAll(seed: 5) { facts, _ in
            let decision = Policy.decide(facts, tracing: false)
            guard let level = decision.level, let purpose = facts.request.purposes.first.flatMap(Purpose.init) else {
                #expect(decision.released.isEmpty)
                return
            }
            var most = Tables.rows.first { $0.purpose == purpose && $0.level == level }?.groups ?? []
            if purpose == .legalStatutory { most = Set(FieldGroup.allCases) }
            if purpose.family == .consent || purpose.family == .emergency {
                // A member has the rows and the ceiling of its kind.
                let kind = facts.request.recipient.split(separator: ":").first.map(String.init) ?? ""
                most = Tables.most(purpose, level, to: kind)
            }
            #expect(decision.released.isSubset(of: facts.request.groups.intersection(most)), "\(facts)")
            #expect(decision.withheld == facts.request.groups.subtracting(decision.released))
        }
    }

    @Test func `the order of agreements and of their lines does not matter`() {
        forAll(seed: 6) { facts, random in
            let decision = Policy.decide(facts)
            for _ in 0..<3 {
                var shuffled = facts
                shuffled.agreements.shuffle(using: &random.generator)
                #expect(Policy.decide(shuffled) == decision, "\(facts)")
                for index in shuffled.agreements.indices {
                    shuffled.agreements[index].scope.shuffle(using: &random.generator)
                }
                #expect(released(shuffled) == decision.released, "\(facts)")
            }
        }
    }

    @Test func `the same facts give the same decision, with a reason and a trace that ends in it`() {
        forAll(seed: 7) { facts, _ in
            let decision = Policy.decide(facts)
            #expect(Policy.decide(facts) == decision)
            #expect(decision.trace.last?.rule == decision.reason)
            #expect(decision.outcome.releases == !decision.released.isEmpty)
            #expect(decision.outcome.releases == decision.obligations.contains(.log))
            #expect((decision.outcome == .permit) == (decision.reason == .permitted))
        }
    }

    /// The hard rules of section 11, written apart from the order of evaluation.
    @Test func `no release breaks a hard rule`() {
        var releases = 0
        forAll(seed: 8) { facts, _ in
            let decision = Policy.decide(facts, tracing: false)
            guard decision.outcome.releases, let level = decision.level else { return }
            releases += 1
            let (request, subject) = (facts.request, facts.subject)
            let purpose = Purpose(rawValue: request.purposes[0])!
            let isConsent = purpose.family == .consent
            #expect(Set(request.purposes).subtracting([""]) == [purpose.rawValue])
            #expect(facts.decisionUse != .automated)
            if isConsent {
                let lines = facts.agreements.filter { $0.revokedAt.map { $0 > facts.at } ?? true }.flatMap(\.scope)
                #expect(lines.contains { $0.recipient == request.recipient && $0.purposes.contains(purpose) })
                #expect(subject.supportEndedOn.map { $0 > facts.at } ?? true)
                #expect(subject.deceasedOn.map { $0 > facts.at } ?? true)
                #expect(!subject.objections.contains(.all))
                #expect(level == .identifiable)
            }
            if purpose.family == .legal {
                #expect(request.officerApproval != nil && request.authorityReference != nil)
            }
            if level != .anonymised { #expect(request.channel != "plain_email") }
            if purpose == .emergency { #expect(request.isLive && request.incidentReference != nil) }
            if purpose == .healthPlanning { #expect(level == .anonymised) }
            if purpose == .ipsosEvaluation {
                #expect(level != .identifiable)
                #expect(subject.hasIpsosLinkConsent || !decision.released.contains(.link))
            }
            if purpose == .researchEvaluation, level == .identifiable {
                #expect(["smime_email", "pgp_email"].contains(request.channel))
                #expect(request.igApproval != nil && request.whyIdentifiable != nil && request.hasUndertakings)
            }
            if subject.relation == .dependant, [.consent, .research, .ipsos, .planning].contains(purpose.family) {
                #expect(request.recipient.hasPrefix("council_") && purpose == .researchEvaluation)
            }
            if !decision.released.isDisjoint(with: [.notes, .offence]) {
                #expect([.legalStatutory, .subjectRights, .rightsNotice].contains(purpose))
            }
            #expect(!request.isRecipientSuspended && subject.erasure != .done && facts.unreadable.isEmpty)
        }
        #expect(releases > 200, "too few of the generated facts are permitted for this to say anything")
    }

    @Test func `facts at the ends of time, and with every number, are decided`() {
        forAll(seed: 9) { facts, random in
            var extreme = facts
            let moments = [Int64.min, -1, 0, Int64.max].map(Instant.init(microseconds:))
            extreme.at = moments.randomElement(using: &random.generator)!
            extreme.subject.deceasedOn = moments.randomElement(using: &random.generator)
            extreme.subject.retentionUntil = moments.randomElement(using: &random.generator)
            extreme.subject.age = [Int.min, -1, 0, Int.max].randomElement(using: &random.generator)
            extreme.request.extract = .init(cohort: Int.min, smallestDifference: Int.max, k: Int.min)
            #expect(!Policy.decide(extreme).explained(by: .notice).isEmpty)
        }
    }
}
