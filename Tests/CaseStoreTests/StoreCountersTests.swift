import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct StoreCountersTests {
    @Test func `counters count`() async throws {
        try await Fixture.run { f in
            _ = try await f.share(try await f.person())
            _ = try await f.take(f.referral(id: "u-1", type: .update, inReplyTo: "nothing"))
            _ = try await f.transaction(as: .audit) { try f.store.sequence(in: $0) }
            let counters = try await f.transaction(as: .audit) { try f.store.counters(in: $0) }
            #expect(counters.submissions == [.accepted: 2])
            #expect(counters.shares == [.refused: 1])
            #expect(counters.workItems == [.unboundMessage: 1])
            #expect(counters.openWorkItems == 1)
            #expect(counters.persons == 1)
            #expect(counters.referrals == 1)
            #expect(counters.openCases == 1)
            #expect(counters.ledgerEntries == 8)
        }
    }
}
