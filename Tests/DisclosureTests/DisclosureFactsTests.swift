import Disclosure
import Referral
import Testing

@Suite struct DisclosureFactsTests {
    @Test func `facts that were written are read again as they were`() {
        var random = RandomFacts(seed: 10)
        for _ in 0..<1000 {
            var facts = random.facts()
            facts.queuedAt = random.moment()
            facts.request.contract = .init(from: random.moment(), until: random.chance(2) ? random.moment() : nil)
            facts.request.extract = .init(cohort: 12, smallestDifference: random.chance(2) ? 7 : nil, k: 5)
            facts.request.intendedUse = random.pick([nil, "research", "other"])
            facts.unreadable = random.pick([[], ["subject.age"]])
            let (read, unknownKeys) = DisclosureFacts.read(facts.value)
            #expect(read == facts)
            #expect(unknownKeys.isEmpty)
        }
    }

    @Test func `equal facts are written in the same way`() {
        var random = RandomFacts(seed: 11)
        for _ in 0..<200 {
            let facts = random.facts()
            let again = DisclosureFacts.read(facts.value).facts.value
            #expect(again == facts.value)
            #expect(again.objectValue?.keys == facts.value.objectValue?.keys)
        }
    }

    @Test(arguments: [
        ("2026-03-02", "2026-03-02T00:00:00Z"), ("2026-03-02T01:00:00+01:00", "2026-03-02T00:00:00Z"),
        ("2026-03-01T23:59:59.999999Z", "2026-03-01T23:59:59.999999Z"),
    ])
    func `a day is its first moment in UTC, and a moment is an instant`(_ written: String, _ expected: String) {
        let (facts, _) = DisclosureFacts.read(["at": .string(written)])
        #expect(facts.at.rfc3339 == expected)
        #expect(!facts.unreadable.contains("at"))
    }

    @Test func `facts without a moment cannot be decided`() {
        var value = Example.permitted(.careSupport).value
        #expect(Policy.decide(DisclosureFacts.read(value).facts).reason == .permitted)
        value["at"] = nil
        #expect(Policy.decide(DisclosureFacts.read(value).facts).reason == .evaluationError)
    }

    @Test func `an earlier disclosure may be given as groups, or as a plain yes`() {
        func decision(_ had: Value) -> Decision {
            var value = Example.permitted(.rightsNotice).value
            value["request"]?["previously_disclosed"] = had
            return Policy.decide(DisclosureFacts.read(value).facts)
        }
        #expect(decision(true).released == [.name, .dob])
        #expect(decision(["DOB", "NEEDS"]).released == [.dob])
        #expect(decision(false).reason == .noPreviousDisclosure)
    }
}
