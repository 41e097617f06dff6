import Disclosure
import Referral

/// SplitMix64, so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Makes facts: permitted ones of any purpose, with some things about them changed.
struct RandomFacts {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(state: seed) }

    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

    mutating func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &generator)! }

    /// A moment within two years around the decision, now and then the very moment.
    mutating func moment() -> Instant {
        chance(6)
            ? Example.now
            : Instant(
                microseconds: Example.now.microseconds + Int64.random(in: -730...730, using: &generator)
                    * 86_400_000_000)
    }

    mutating func groups() -> Set<FieldGroup> {
        let share = Int.random(in: 1...5, using: &generator)
        return Set(FieldGroup.allCases.filter { _ in chance(share) })
    }

    mutating func facts() -> DisclosureFacts {
        let purpose = pick(Purpose.allCases)
        var facts = Example.permitted(purpose)
        facts.stage = pick([.request, .send])
        if chance(3) { facts.request.groups = groups() }
        if chance(4) { facts.request.recipient = recipient() }
        agree(&facts, purpose)
        for _ in 0..<Int.random(in: 0...4, using: &generator) { change(&facts) }
        return facts
    }

    private mutating func recipient() -> String {
        pick(
            PolicyRules.notice.register.recipients.keys.sorted() + [
                "school", "somebody", "gp:C81001", "care_provider:x",
            ])
    }

    /// Several agreements, which replace and supplement each other.
    private mutating func agree(_ facts: inout DisclosureFacts, _ purpose: Purpose) {
        if chance(3) { facts.agreements = [] }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            var agreement = Example.agreement(pick(["A1", "A2", "A3"]), version: pick([1, 2]), [])
            agreement.signedOn = moment()
            if chance(3) { agreement.starts = moment() }
            if chance(4) { agreement.expires = moment() }
            if chance(6) { agreement.revokedAt = moment() }
            if chance(3) { agreement.supplements = pick(["A1", "A2"]) }
            if chance(6) { agreement.signedBy = pick(Agreement.Signatory.allCases) }
            if chance(8) { agreement.authorityEvidence = "evidence" }
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                agreement.scope.append(
                    Agreement.ScopeLine(
                        recipient: chance(3) ? recipient() : facts.request.recipient,
                        purposes: chance(3) ? [pick(Purpose.allCases)] : [purpose],
                        groups: chance(2) ? groups() : nil,
                        about: chance(5) ? .dependants : .person,
                        withdrawnAt: chance(4) ? moment() : nil))
            }
            facts.agreements.append(agreement)
        }
    }

    private mutating func change(_ facts: inout DisclosureFacts) {
        switch Int.random(in: 0..<24, using: &generator) {
        case 0: facts.subject.age = pick([nil, 9, 12, 17, 18, 58])
        case 1: facts.subject.relation = .dependant
        case 2: facts.subject.livesWithClient = true
        case 3: facts.subject.supportEndedOn = moment()
        case 4: facts.subject.retentionUntil = moment()
        case 5: facts.subject.hasLegalHold = true
        case 6: facts.subject.restrictedOn = moment()
        case 7: facts.subject.objections.insert(pick(Subject.Objection.allCases))
        case 8: facts.subject.erasure = pick([.requested, .done])
        case 9: facts.subject.deceasedOn = moment()
        case 10: facts.request.channel = pick(ReleaseChannel.allCases.map(\.rawValue) + [nil, "pigeon"])
        case 11: facts.request.recipientChannels = Set(ReleaseChannel.allCases.filter { _ in chance(2) })
        case 12: facts.request.level = pick(Level.allCases.map(\.rawValue) + ["secret"])
        case 13: facts.request.purposes.append(pick(["marketing", "sale", "emergency", "", "other"]))
        case 14: facts.request.isPublicBody = true
        case 15: facts.request.isResearchAuthorised = true
        case 16: facts.request.dpoApproval = "dpo"
        case 17: facts.request.officerApproval = nil
        case 18: facts.request.whyIdentifiable = nil
        case 19: facts.request.igApproval = nil
        case 20: facts.subject.hasIpsosLinkConsent = true
        case 21: facts.request.orderedGroups = groups()
        case 22: facts.request.previouslyDisclosed = groups()
        default: facts.decisionUse = pick([.person, .automated])
        }
    }
}

extension RandomFacts {
    /// Something that happens and must not let more out than before.
    struct Narrowing: Sendable {
        let name: String
        let apply: @Sendable (inout DisclosureFacts, inout RandomFacts) -> Void
    }

    static let narrowings = [
        Narrowing(name: "restriction") { facts, random in
            facts.subject.restrictedOn = facts.subject.restrictedOn ?? random.moment()
        },
        Narrowing(name: "objection") { facts, random in
            facts.subject.objections.insert(random.pick(Subject.Objection.allCases))
        },
        Narrowing(name: "revocation") { facts, random in
            guard let index = facts.agreements.indices.randomElement(using: &random.generator) else { return }
            let revokedAt = random.moment()
            facts.agreements[index].revokedAt = min(facts.agreements[index].revokedAt ?? revokedAt, revokedAt)
        },
        Narrowing(name: "withdrawal of a line") { facts, random in
            guard let index = facts.agreements.indices.randomElement(using: &random.generator),
                let line = facts.agreements[index].scope.indices.randomElement(using: &random.generator)
            else { return }
            let withdrawnAt = facts.agreements[index].scope[line].withdrawnAt ?? Example.now
            facts.agreements[index].scope[line].withdrawnAt = min(withdrawnAt, Example.now)
        },
        Narrowing(name: "suspension") { facts, _ in facts.request.isRecipientSuspended = true },
        Narrowing(name: "death") { facts, _ in facts.subject.deceasedOn = facts.subject.deceasedOn ?? Example.now },
        Narrowing(name: "erasure asked") { facts, _ in facts.subject.erasure = facts.subject.erasure ?? .requested },
        Narrowing(name: "erasure") { facts, _ in facts.subject.erasure = .done },
        Narrowing(name: "end of support") { facts, _ in
            facts.subject.supportEndedOn = facts.subject.supportEndedOn ?? Example.now
        },
        Narrowing(name: "end of retention") { facts, _ in facts.subject.retentionUntil = Example.now },
        Narrowing(name: "a fact that is not understood") { facts, _ in facts.unreadable.append("subject.age") },
    ]
}
