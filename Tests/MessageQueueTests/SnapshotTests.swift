import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct SnapshotTests {
    @Test func `a claim touches no more pages while another session holds a snapshot`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "x"))
            _ = try await queue.acknowledge(queue.claim("intake", limit: 1))
            let before = try await pagesOfClaim(queue)
            let holder = TestDatabase.current.pool(connections: 1)
            let snapshot = try await OpenTransaction(on: holder, isolation: .repeatableRead) { connection in
                _ = try connection.query("SELECT count(*) FROM queue.state")
            }
            try await churn(20_000, through: queue)
            let after = try await pagesOfClaim(queue)
            let fromTheBeginning = try await buffers(of: claim(queue, floor: 0))
            try await snapshot.commit()
            await holder.close()
            #expect(after <= before + max(10, before / 5), "\(before) pages before, \(after) after")
            // What it would cost without floors: so that the test can fail.
            #expect(
                fromTheBeginning > 2 * after, "\(fromTheBeginning) pages from the beginning, \(after) from the floor")
        }
    }

    private func churn(_ count: Int, through queue: MessageQueue) async throws {
        for first in stride(from: 0, to: count, by: 500) {
            _ = try await queue.enqueue((first..<first + 500).map { NewMessage("intake", "x", key: "k\($0)") })
            var left = 500
            while left > 0 {
                let leases = try await queue.claim("intake", limit: 500)
                left -= leases.count
                #expect(try await queue.acknowledge(leases).isEmpty)
            }
        }
    }

    /// Pages that a claim of ten touches, from the floor that the plan has after a survey.
    private func pagesOfClaim(_ queue: MessageQueue) async throws -> Int {
        _ = try await queue.enqueue((0..<10).map { NewMessage("intake", "x", key: "page-\($0)") })
        let now = ContinuousClock.now
        queue.shared.plans.withLock { $0["intake"]?.surveyNext() }
        try await queue.release(queue.claim("intake", limit: 1))
        let look = queue.shared.plans.withLock { $0["intake"]!.next(limit: 10, suspects: false, now: now) }
        let floor = try #require(look.arms.first { $0.shelf == .routine }).floor
        let pages = try await buffers(of: claim(queue, floor: floor))
        try await TestDatabase.current.database.execute("DELETE FROM queue.state")
        return pages
    }

    private func claim(_ queue: MessageQueue, floor: Int64) -> SQL {
        ClaimStatement.claim(
            queue: "intake", arms: [.init(shelf: .routine, most: 10, floor: floor)], limit: 10, lease: .seconds(30),
            node: 1, policy: QueuePolicy()
        ).0
    }
}
