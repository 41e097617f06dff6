import Disclosure
import Referral
import Testing

/// How agreements stand, as staff are shown it.
@Suite struct AgreementTests {
    private static func standings(_ agreements: [Agreement], on day: String) -> [Agreement.Standing] {
        let at = Example.moment(day + "T00:00:00Z")
        return agreements.map { $0.standing(among: agreements, at: at) }
    }

    @Test func `a later agreement replaces the earlier when it starts, and keeps it replaced when it ends`() {
        let agreements = [
            Example.agreement("A", signedOn: "2026-01-01"),
            Example.agreement("B", signedOn: "2026-02-01", starts: "2026-03-01", expires: "2026-05-01"),
        ]
        #expect(Self.standings(agreements, on: "2025-12-31") == [.notStarted, .notStarted])
        #expect(Self.standings(agreements, on: "2026-02-28") == [.inForce, .notStarted])
        #expect(Self.standings(agreements, on: "2026-03-01") == [.replaced, .inForce])
        #expect(Self.standings(agreements, on: "2026-05-01") == [.replaced, .expired])
    }

    @Test func `a supplement stands and falls with what it supplements`() {
        let agreements = [
            Example.agreement("A", signedOn: "2026-01-01", revokedAt: "2026-06-01"),
            Example.agreement("S", signedOn: "2026-02-01", supplements: "A"),
            Example.agreement("SS", signedOn: "2026-03-01", supplements: "S"),
            Example.agreement("old", signedOn: "2025-02-01", supplements: "A"),
            Example.agreement("lost", signedOn: "2026-01-01", supplements: "gone"),
        ]
        #expect(Self.standings(agreements, on: "2026-05-01") == [.inForce, .inForce, .replaced, .replaced, .replaced])
        #expect(Self.standings(agreements, on: "2026-06-01") == [.revoked, .revoked, .replaced, .replaced, .replaced])
    }

    @Test func `what the policy names for a permit is in force`() {
        var random = RandomFacts(seed: 20_261_129)
        var permitted = 0
        for _ in 0..<5_000 {
            let facts = random.facts()
            let decision = Policy.decide(facts)
            guard decision.outcome.releases, let id = decision.agreementID else { continue }
            permitted += 1
            let named = facts.agreements.filter { $0.id == id && $0.version == decision.agreementVersion }
            #expect(named.contains { $0.standing(among: facts.agreements, at: facts.at) == .inForce })
        }
        #expect(permitted > 50)
    }
}
