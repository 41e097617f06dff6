import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct ExercisesTests {
    private func states(
        _ f: Fixture, under authority: String = "NFI-1", to recipient: String = "derby_homes"
    ) async throws -> [ShareState: Int] {
        let found = try await f.transaction(as: .worker) {
            try f.store.states(under: authority, to: recipient, in: $0).map { ($0.state, $0.count) }
        }
        return Dictionary(uniqueKeysWithValues: found)
    }

    @Test func `shares of an exercise are counted that wait, have left, or are still to be mended`() async throws {
        try await Fixture.run { f in
            #expect(try await states(f).isEmpty)
            let person = try await f.person()
            // Without an agreement it is refused.
            #expect(try await f.share(person).state == .refused)
            _ = try await f.agree(person)
            let shares = [try await f.share(person).id, try await f.share(person).id, try await f.share(person).id]
            #expect(try await f.begin(shares[0]) == 1)
            let delivered = ReleaseOutcome.delivered(reference: "NAME.csv")
            try await f.transaction(as: .worker) {
                try f.store.finishReleases(
                    [EndedRelease(share: shares[0], attempt: 1, outcome: delivered)], at: f.now, in: $0)
            }
            #expect(try await states(f).isEmpty)
            try await f.transaction {
                try f.store.fail(shares[1], code: "sheet_longest", in: $0)
                _ = try $0.execute("UPDATE record.share SET authority_ref = 'NFI-1'")
            }
            #expect(try await states(f) == [.queued: 1, .delivered: 1, .failed: 1])
            #expect(try await states(f, under: "NFI-2").isEmpty)
            #expect(try await states(f, to: "uhdb").isEmpty)
            try await f.transaction {
                _ = try $0.execute(
                    "UPDATE record.work_item SET state = 'done', done_at = now(), done_by = 'x' WHERE share = \(shares[1])"
                )
            }
            #expect(try await states(f) == [.queued: 1, .delivered: 1])
            #expect(
                try await f.transaction(as: .console) {
                    try f.store.shares(deliveredAs: "NAME.csv", to: "derby_homes", in: $0)
                }
                    == [shares[0]])
            for (name, recipient) in [("NAME.csv", "uhdb"), ("NAME", "derby_homes"), ("", "derby_homes")] {
                #expect(
                    try await f.transaction(as: .console) {
                        try f.store.shares(deliveredAs: name, to: recipient, in: $0)
                    }.isEmpty)
            }
        }
    }
}
