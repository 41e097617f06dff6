import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct StatisticsTests {
    @Test func `each state is counted where it belongs`() async throws {
        try await withQueue { queue in
            try await queue.declare(["empty"])
            _ = try await queue.enqueue((0..<5).map { NewMessage("intake", "\($0)") })
            let leases = try await queue.claim("intake", limit: 3)
            _ = try await queue.retry(leases[0], cause: Cause(code: "x"), after: .seconds(60))
            _ = try await queue.deadLetter(leases[1], cause: Cause(code: "x"))
            let all = try await queue.statistics()
            #expect(all.map(\.queue) == ["empty", "intake"])
            #expect(
                all[0]
                    == QueueStatistics(
                        queue: "empty", ready: 0, delayed: 0, leased: 0, suspect: 0, dead: 0, oldestReadyAge: nil,
                        pausedAt: nil, pauseReason: nil,
                        pausedUntil: nil, circuit: .closed, probesAt: nil))
            #expect([all[1].ready, all[1].delayed, all[1].leased, all[1].dead] == [2, 1, 1, 1])
        }
    }

    @Test func `the oldest ready message's age grows from its enqueueing`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([NewMessage("intake", "1"), NewMessage("intake", "2")])
            try await TestDatabase.current.database.execute(
                "UPDATE queue.state SET entered_at = now() - '1 h'::interval WHERE position = (SELECT min(position) FROM queue.state)"
            )
            let age = try #require(try await queue.statistics(of: "intake").oldestReadyAge)
            #expect((.seconds(3600) ... .seconds(3700)).contains(age))
            _ = try await queue.claim("intake", limit: 1)
            let next = try #require(try await queue.statistics(of: "intake").oldestReadyAge)
            #expect(next < .seconds(100))
        }
    }
}
