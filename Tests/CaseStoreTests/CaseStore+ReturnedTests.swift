import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct ReturnedTests {
    /// A share that was delivered under the reference `MESH1`.
    private func delivered(_ f: Fixture) async throws -> UUIDValue {
        let person = try await f.person()
        _ = try await f.agree(person)
        let share = try await f.share(person).id
        #expect(try await f.begin(share) == 1)
        try await f.transaction(as: .worker) {
            try f.store.finishRelease(of: share, attempt: 1, outcome: .delivered(reference: "MESH1"), in: $0)
        }
        return share
    }

    @Test func `a share that comes back has failed, once, with its work item and its entry`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            for _ in 0..<2 {
                #expect(
                    try await f.transaction(as: .worker) {
                        try f.store.returned(share, reference: "MESH1", code: "mesh_14", in: $0)
                    })
            }
            let failed = try #require(try await f.transaction(as: .console) { try f.store.share(share, in: $0) })
            #expect(failed.state == .failed && failed.failure == "mesh_14")
            let items = try await f.transaction(as: .console) { try f.store.workItems(.failedShare, in: $0) }
            #expect(items.map(\.item.code) == ["mesh_14"])
            let outcome = try await f.value(
                "SELECT outcome::text || ' ' || code FROM record.share_attempt WHERE share = \(share)", as: String.self)
            #expect(outcome == "rejected mesh_14")
            let told = try await f.transaction(as: .audit) { try f.store.trace(share, in: $0) }.filter {
                $0.text.contains("mesh_14")
            }
            #expect(told.map(\.kind).sorted() == ["release_outcome", "work_item"])
        }
    }

    @Test func `what comes back is not the share when its id or its message is another one`() async throws {
        try await Fixture.run { f in
            let share = try await delivered(f)
            for (id, reference) in [(share, "MESH2"), (UUIDValue.v7(), "MESH1")] {
                #expect(
                    try await f.transaction(as: .worker) {
                        try !f.store.returned(id, reference: reference, code: "mesh_14", in: $0)
                    })
            }
            #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .delivered)
        }
    }

    @Test func `a share that was never sent cannot come back`() async throws {
        try await Fixture.run { f in
            let person = try await f.person()
            _ = try await f.agree(person)
            let share = try await f.share(person).id
            #expect(
                try await f.transaction(as: .worker) {
                    try !f.store.returned(share, reference: nil, code: "mesh_14", in: $0)
                })
            #expect(try await f.transaction(as: .console) { try f.store.share(share, in: $0)?.state } == .queued)
        }
    }
}
