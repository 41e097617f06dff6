import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct ExercisesTests {
    private func states(
        _ f: Fixture, of purpose: String = "housing_support", to recipient: String = "derby_homes", since: Timestamp
    ) async throws -> [ShareState: Int] {
        let found = try await f.transaction {
            try f.store.states(of: purpose, to: recipient, since: since, in: $0).map { ($0.state, $0.count) }
        }
        return Dictionary(uniqueKeysWithValues: found)
    }

    @Test func `shares are counted that are not over, or ended since a moment`() async throws {
        try await Fixture.run { f in
            #expect(try await states(f, since: .distantPast).isEmpty)
            let person = try await f.person()
            // Without an agreement it is refused.
            #expect(try await f.share(person).state == .refused)
            _ = try await f.agree(person)
            let shares = [try await f.share(person).id, try await f.share(person).id]
            #expect(try await f.begin(shares[0]) == 1)
            let delivered = ReleaseOutcome.delivered(reference: "NAME.csv")
            try await f.transaction {
                try f.store.finishReleases(
                    [EndedRelease(share: shares[0], attempt: 1, outcome: delivered)], at: f.now, in: $0)
            }
            #expect(try await states(f, since: f.now) == [.refused: 1, .queued: 1, .delivered: 1])
            #expect(try await states(f, since: f.now + .seconds(3600)) == [.queued: 1])
            #expect(try await states(f, of: "benefits_support", since: .distantPast).isEmpty)
            #expect(try await states(f, to: "uhdb", since: .distantPast).isEmpty)
            #expect(
                try await f.transaction { try f.store.shares(deliveredAs: "NAME.csv", to: "derby_homes", in: $0) }
                    == [shares[0]])
            for (name, recipient) in [("NAME.csv", "uhdb"), ("NAME", "derby_homes"), ("", "derby_homes")] {
                #expect(
                    try await f.transaction { try f.store.shares(deliveredAs: name, to: recipient, in: $0) }.isEmpty)
            }
        }
    }
}
