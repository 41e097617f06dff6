import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct FlowTests {
    @Test func `who may refer is a sender, and of others who did`() async throws {
        try await Fixture.run { f in
            let quiet = Partner(id: "quiet", name: "Quiet Surgery")
            let disabled = Partner(id: "former", name: "Former Surgery", isEnabled: false)
            for partner in [quiet, disabled] {
                _ = try await f.transaction { try f.store.add(partner, by: "test", in: $0) }
            }
            let usual = try await f.transaction(as: .audit) { try f.store.senders(and: [], in: $0) }
            #expect(usual.contains { $0.name == "Quiet Surgery" } && !usual.contains { $0.id == "former" })
            let all = try await f.transaction(as: .audit) { try f.store.senders(and: ["former", "nobody"], in: $0) }
            #expect(Set(all.map(\.id)) == Set(usual.map(\.id) + ["former"]) && all.map(\.id) == all.map(\.id).sorted())
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
