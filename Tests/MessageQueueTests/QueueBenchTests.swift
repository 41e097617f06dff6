import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct QueueBenchTests {
    @Test func `the bench moves every message, sets figures beside limits and leaves nothing behind`() async throws {
        try await withQueue { queue in
            let owner = TestDatabase.current.pool(connections: 4)
            var lines = 0
            let bench = QueueBench(database: queue.database, owner: owner, messages: 400, bytes: 100, backlog: 1_000)
            let figures = try await bench.run { _ in lines += 1 }
            #expect(lines == figures.count)
            for figure in figures {
                #expect(figure.value > 0)
                if let p50 = figure.p50, let p99 = figure.p99 { #expect(p50 <= p99) }
                #expect(figure.json.hasPrefix("{\"work\":\"\(figure.work)\",\"size\":100,"))
            }
            let measured = figures.filter { !$0.work.hasPrefix("limit") }
            #expect(measured.count { $0.ratio != nil } == 6)
            for work in ["single submissions", "in and out at once", "end to end at 1000/s", "drain a backlog"] {
                #expect(measured.contains { $0.work == work && $0.messages >= 384 })
            }
            let left = try await owner.query(
                """
                SELECT (SELECT count(*) FROM queue.message) + (SELECT count(*) FROM queue.history)
                    + (SELECT count(*) FROM queue.state)
                """
            )[0].decode(Int.self)
            #expect(left == 0)
            await owner.close()
        }
    }
}
