import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct FlowTests {
    @Test func `what came lately is counted by sender, and a partner of which nothing came is there`() async throws {
        try await Fixture.run { f in
            let quiet = Partner(id: "quiet", name: "Quiet Surgery")
            let disabled = Partner(id: "former", name: "Former Surgery", isEnabled: false)
            for partner in [quiet, disabled] {
                _ = try await f.transaction { try f.store.add(partner, by: "test", in: $0) }
            }
            let first = try await f.accept(f.submission())
            _ = try await f.take(f.referral())
            let now = Timestamp.now()
            let recent = try await f.transaction(as: .audit) {
                try f.store.recentSubmissions(since: now - .seconds(60), in: $0)
            }
            #expect(recent.map(\.count).reduce(0, +) == 2 && recent.map(\.sender) == recent.map(\.sender).sorted())
            #expect(recent.contains { $0.name == "Quiet Surgery" && $0.count == 0 && $0.lastAt == nil })
            #expect(!recent.contains { $0.sender == "former" })
            _ = first
            let later = try await f.transaction(as: .audit) {
                try f.store.recentSubmissions(since: now + .seconds(60), in: $0)
            }
            #expect(later.allSatisfy { $0.count == 0 })
        }
    }

    @Test func `open work is counted by kind, with the oldest`() async throws {
        try await Fixture.run { f in
            #expect(try await f.transaction(as: .audit) { try f.store.waitingWork(in: $0) } == [])
            _ = try await f.take(f.referral(id: "u-1", type: .update, inReplyTo: "nothing"))
            let work = try await f.transaction(as: .audit) { try f.store.waitingWork(in: $0) }
            #expect(work.map(\.kind) == [.unboundMessage] && work.map(\.count) == [1])
            #expect(try #require(work.first).since <= .now())
        }
    }
}
