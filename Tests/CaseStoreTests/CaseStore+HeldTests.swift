import CaseStore
import Postgres
import Referral
import TestSupport
import Testing

@Suite(.store) struct HeldTests {
    /// A held submission with its work item; the item's id.
    private func hold(_ f: Fixture, _ id: String = "m-1", tellsOfHarm: Bool = false) async throws -> UUIDValue {
        var submission = f.submission(id)
        submission.state = .held
        let sealed = f.store.seal(submission)
        return try await f.transaction { connection in
            guard case .received(let receipt) = try f.store.accept([sealed], in: connection)[0],
                let item = try f.store.add(.held(receipt, tellsOfHarm: tellsOfHarm), at: f.now, in: connection)
            else { throw Unexpected() }
            return item
        }
    }

    @Test func `what tells of harm is due at once, before all else`() async throws {
        try await Fixture.run { f in
            let quiet = try await hold(f)
            let hurt = try await hold(f, "m-2", tellsOfHarm: true)
            let items = try await f.transaction(as: .console) { try f.store.workItems(in: $0) }
            #expect(items.map(\.id) == [hurt, quiet])
            #expect(items.map(\.item.dueAt) == [f.now, f.now + CaseStore.heldFor])
            #expect(items.map(\.item.code) == ["concern_of_harm", "guardian_permission"])
        }
    }

    @Test func `a permission lets it be worked on, once, and is on the ledger`() async throws {
        try await Fixture.run { f in
            let item = try await hold(f)
            let permit: @Sendable (Connection) throws -> CaseStore.Permitted? = { connection in
                try f.store.permit(item, by: "worker-1", permission: "consent:7", in: connection)
            }
            let permitted = try #require(try await f.transaction(permit))
            let receipt = try #require(
                try await f.transaction(as: .console) { try f.store.receipt(permitted.receipt, in: $0) })
            #expect(receipt.state == .received && receipt.finishedAt == nil)
            #expect(try await f.transaction(permit) == nil)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(in: $0) }.isEmpty)
            #expect(
                try await f.value("SELECT count(*) FROM ledger.entry WHERE kind = 'submission_permitted'") == 1)
            #expect(try await f.value("SELECT count(*) FROM record.document WHERE destroy_at IS NULL") == 1)
        }
    }

    @Test func `without a permission it is destroyed in time, and its item ends`() async throws {
        try await Fixture.run { f in
            let item = try await hold(f)
            let due = f.now + CaseStore.heldFor
            let before = try await f.transaction(as: .retention) { connection in
                let early = try f.store.destroyDocuments(dueAt: due - .seconds(1), in: connection)
                let kept = try f.store.endLapsedHolds(in: connection)
                let destroyed = try f.store.destroyDocuments(dueAt: due, in: connection)
                return [early, kept, destroyed]
            }
            let late = try await f.transaction(as: .console) { connection in
                try f.store.permit(item, by: "worker-1", permission: "late", in: connection) == nil ? 0 : 1
            }
            let ended = try await f.transaction(as: .retention) { try f.store.endLapsedHolds(in: $0) }
            let told = before + [late, ended]
            #expect(told == [0, 0, 1, 0, 1])
            #expect(try await f.transaction(as: .console) { try f.store.workItems(in: $0) }.isEmpty)
        }
    }

    @Test func `no other work item can be permitted`() async throws {
        try await Fixture.run { f in
            let receipt = try await f.accept(f.submission())
            let item = NewWorkItem(kind: .quarantined, code: "schema", submission: receipt)
            let id = try #require(try await f.transaction { try f.store.add(item, in: $0) })
            #expect(
                try await f.transaction(as: .console) {
                    try f.store.permit(id, by: "worker-1", permission: "x", in: $0)
                } == nil)
            #expect(try await f.transaction(as: .console) { try f.store.workItems(in: $0) }.count == 1)
        }
    }
}
