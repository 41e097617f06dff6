import CaseStore
import Postgres
import TestSupport
import Testing

@Suite(.store) struct WorkItemsTests {
    private func add(_ kind: WorkItemKind, minute: Int64, due: Int64? = nil, _ f: Fixture) async throws -> UUIDValue {
        let item = NewWorkItem(kind: kind, code: "test", dueAt: due.map { f.now + .seconds(60 * $0) })
        let id = try await f.transaction { try f.store.add(item, at: f.now + .seconds(60 * minute), in: $0) }
        return try #require(id)
    }

    @Test func `pages of some kinds follow each other, those due first, though the last of one is done since`()
        async throws
    {
        try await Fixture.run { f in
            let old = try await add(.failedFile, minute: 1, f)
            let new = try await add(.deadLetter, minute: 3, f)
            let sameTime = try await add(.deadLetter, minute: 3, f)
            _ = try await add(.quarantined, minute: 2, f)
            let dueLater = try await add(.failedFile, minute: 4, due: 90, f)
            let dueSoon = try await add(.failedFile, minute: 5, due: 60, f)
            let order = [dueSoon, dueLater, old] + [new, sameTime].sorted()
            func page(after last: UUIDValue?, limit: Int = 2) async throws -> [UUIDValue] {
                try await f.transaction(as: .audit) {
                    try f.store.workItems(of: [.failedFile, .deadLetter], after: last, limit: limit, in: $0).map(\.id)
                }
            }
            #expect(try await page(after: nil, limit: 10) == order)
            #expect(try await page(after: nil) == Array(order[..<2]))
            let isDone = try await f.transaction(as: .console) {
                try f.store.finishWorkItem(dueLater, by: "worker-1", in: $0)
            }
            #expect(isDone)
            #expect(try await page(after: dueLater) == Array(order[2..<4]))
            #expect(try await page(after: order[3]) == [order[4]])
            #expect(try await page(after: order[4]).isEmpty)
            #expect(try await page(after: .v7()).isEmpty)
        }
    }

    @Test func `an item that is done says who said so`() async throws {
        try await Fixture.run { f in
            let id = try await add(.failedFile, minute: 1, f)
            func item() async throws -> WorkItem? {
                try await f.transaction(as: .audit) { try f.store.workItem(id, in: $0) }
            }
            #expect(try await item()?.doneBy == nil)
            _ = try await f.transaction(as: .console) {
                try f.store.finishWorkItem(id, by: "worker-1", at: f.now, in: $0)
            }
            let done = try #require(try await item())
            #expect(done.doneBy == "worker-1" && done.doneAt == f.now)
            #expect(try await f.transaction(as: .audit) { try f.store.workItem(.v7(), in: $0) } == nil)
        }
    }
}
