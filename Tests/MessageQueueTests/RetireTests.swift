import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct RetireTests {
    @Test func `only finished messages of sufficient age are deleted`() async throws {
        try await withQueue { queue in
            let ids = try await queue.enqueue((0..<60).map { NewMessage("intake", "\($0)") })
            let leases = try await queue.claim("intake", limit: 50)
            _ = try await queue.acknowledge(Array(leases[..<40]))
            for lease in leases[40..<45] { _ = try await queue.deadLetter(lease, cause: Cause(code: "x")) }
            let replayed = DeadLetterSelection(messages: [leases[40].messageID])
            #expect(try await queue.replay(replayed) == 1)
            try await TestDatabase.current.database.execute(
                "UPDATE queue.message SET enqueued_at = now() - '8 d'::interval")
            let young = try await queue.enqueue(NewMessage("intake", "young"))

            // Batches smaller than the run of messages that must stay: it must get past them.
            #expect(try await queue.retire(olderThan: .seconds(7 * 86_400), batch: 7) == 40)
            #expect(try await queue.history(of: ids[0]).isEmpty)
            #expect(try await queue.history(of: ids[45]).map(\.event) == [.enqueued, .leased])
            #expect(try await !queue.history(of: young).isEmpty)
            let left = try await TestDatabase.current.database.query(
                "SELECT (SELECT count(*) FROM queue.message), (SELECT count(*) FROM queue.history)"
            )[0].decode(Int.self, Int.self)
            #expect(left == (21, 6))
            #expect(try await queue.retire(olderThan: .seconds(7 * 86_400)) == 0)
            #expect(try await queue.claim("intake", limit: 99).count == 12)
        }
    }
}
