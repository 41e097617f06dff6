import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct ArrivalsTests {
    @Test func `referrals are read in the order of their arrival, page by page, and by submission`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            let items = (0..<3).map {
                IntakeItem(ordinal: $0, status: .accepted, referral: f.referral(id: "r-\($0)", nhs: nil))
            }
            let stored = try await f.take(items, receipt).compactMap { result -> UUIDValue? in
                if case .stored(let stored) = result { stored.id } else { nil }
            }
            let other = try await f.person(f.referral(id: "r-9", nhs: nil))
            let first = try await f.transaction(as: .console) { try f.store.referrals(after: nil, limit: 2, in: $0) }
            let rest = try await f.transaction(as: .console) {
                try f.store.referrals(after: first.last?.id, limit: 9, in: $0)
            }
            #expect((first + rest).map(\.id).prefix(3) == stored[...])
            #expect(rest.last?.person == other)
            let own = try await f.transaction(as: .console) { try f.store.referrals(ofSubmission: receipt, in: $0) }
            #expect(own.map(\.id) == stored)
        }
    }
}
