import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct QueueBenchTests {
    @Test func `the bench moves every message and leaves nothing behind`() async throws {
        try await withQueue { queue in
            var lines = 0
            let figures = try await QueueBench(database: queue.database, messages: 400, bytes: 100).run { _ in
                lines += 1
            }
            #expect(lines == figures.count)
            #expect(figures.count == 9)
            for figure in figures where figure.work != "enqueue one by one" { #expect(figure.messages == 400) }
            for figure in figures { #expect(figure.rate > 0 && figure.p50 <= figure.p99) }
            let left = try await TestDatabase.current.database.query(
                "SELECT (SELECT count(*) FROM queue.message) + (SELECT count(*) FROM queue.history) + (SELECT count(*) FROM queue.state)"
            )[0].decode(Int.self)
            #expect(left == 0)
        }
    }
}
