import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite struct QueuePaceTests {
    private let now = Timestamp(rfc3339: "2026-07-01T12:00:00Z")!

    private func pace(_ lines: [QueuePace.Line]) -> QueuePace {
        QueuePace(lines, lastSuccess: nil, lastFailure: nil, at: now)
    }

    /// Acknowledged so many seconds ago, after so many of work and of waiting before it.
    private func line(_ ago: Double, work: Double = 1, wait: Double = 0, count: Int = 1) -> QueuePace.Line {
        let ended = now - .seconds(ago)
        return .init(
            endedAt: ended, beganAt: ended - .seconds(work), dueAt: ended - .seconds(work + wait), count: count)
    }

    @Test func `of nothing nothing is known`() {
        let pace = pace([])
        #expect(pace.perSecond == nil && pace.whole == nil && pace.attempt == nil)
    }

    @Test func `the rate is that of the last ten minutes, the times are those of the hour`() {
        let pace = pace([line(10, count: 50), line(599, count: 10), line(3_000, work: 9)])
        #expect(pace.perSecond == 0.1)
        #expect(pace.attempt == .init(median: .seconds(1), p95: .seconds(1)))
        #expect(self.pace([line(3_000)]).perSecond == nil)
    }

    @Test func `a queue on which much happens is judged by the while that its newest lines tell of`() {
        let lines = (0..<QueuePace.lines).map { line(Double($0 + 1) / 100) }
        #expect(pace(lines).perSecond == 100)
    }

    @Test func `a message counts as one, however many share a line`() {
        let pace = pace([line(1, work: 5, count: 6)] + (0..<94).map { _ in line(2, work: 1, wait: 2) })
        #expect(pace.attempt == .init(median: .seconds(1), p95: .seconds(5)))
        #expect(pace.whole == .init(median: .seconds(3), p95: .seconds(5)))
        let edge = self.pace([line(1, work: 5, count: 5)] + (0..<95).map { _ in line(2, work: 1) })
        #expect(edge.attempt?.p95 == .seconds(1))
    }

    @Test func `documents that are gone leave the times of the attempts`() {
        var gone = line(5)
        gone.dueAt = nil
        #expect(pace([gone]).whole == nil && pace([gone]).attempt?.median == .seconds(1))
    }
}

@Suite(.queue) struct QueuePaceDatabaseTests {
    private func settle(_ queue: MessageQueue, _ name: String, _ outcome: (Lease) async throws -> Void) async throws {
        _ = try await queue.enqueue(NewMessage(name, "x"))
        for lease in try await queue.claimEventually(name, limit: 9) { try await outcome(lease) }
    }

    @Test func `each queue is told of its own successes and failures`() async throws {
        try await withQueue { queue in
            let before = Timestamp.now()
            try await settle(queue, "out.fire") { _ = try await queue.acknowledge([$0]) }
            try await settle(queue, "intake") { _ = try await queue.deadLetter($0, cause: Cause(code: "broken")) }
            let fire = try await queue.pace(of: "out.fire")
            #expect(try #require(fire.lastSuccess) >= before && fire.lastFailure == nil)
            #expect(fire.perSecond != nil && fire.whole != nil && fire.attempt != nil)
            let intake = try await queue.pace(of: "intake")
            #expect(intake.lastSuccess == nil && intake.perSecond == nil && intake.whole == nil)
            #expect(intake.lastFailure?.event == .deadLettered && intake.lastFailure?.cause == "broken")
            let nothing = try await queue.pace(of: "nowhere")
            #expect(nothing.lastSuccess == nil && nothing.lastFailure == nil)
        }
    }

    @Test func `of several kinds of failure the last is told`() async throws {
        try await withQueue { queue in
            try await settle(queue, "intake") { _ = try await queue.deadLetter($0, cause: Cause(code: "first")) }
            try await settle(queue, "intake") {
                _ = try await queue.retry($0, cause: Cause(code: "second"), after: .seconds(60))
            }
            let failure = try #require(try await queue.pace(of: "intake").lastFailure)
            #expect(failure.event == .retried && failure.cause == "second")
        }
    }

    @Test func `waiting for a time of its own is not counted as waiting`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "x", notBefore: .now() + .seconds(5_000)))
            try await TestDatabase.current.database.execute("UPDATE queue.message SET not_before = clock_timestamp()")
            try await queue.endWaits()
            let leases = try await queue.claimEventually("intake", limit: 1)
            _ = try await queue.acknowledge(leases)
            #expect(try #require(try await queue.pace(of: "intake").whole).p95 < .seconds(30))
        }
    }

    @Test func `every kind of line names its queue`() async throws {
        try await withQueue { queue in
            try await settle(queue, "intake") { _ = try await queue.deadLetter($0, cause: Cause(code: "x")) }
            #expect(try await queue.replay(.init(queue: "intake")) == 1)
            _ = try await queue.claimEventually("intake", limit: 1)
            try await queue.expireLeases()
            let again = try await queue.claimEventually("intake", limit: 1)
            _ = try await queue.retry(again[0], cause: Cause(code: "x"), after: .seconds(60))
            _ = try await queue.database.transaction {
                try queue.cancel([again[0].messageID], cause: Cause(code: "x"), in: $0)
            }
            try await settle(queue, "intake") { _ = try await queue.acknowledge([$0]) }
            let kinds = try await TestDatabase.current.database.query(
                """
                SELECT outcome::text
                FROM queue.history JOIN queue.queue ON queue.id = history.queue
                WHERE queue.name = 'intake' GROUP BY outcome
                """
            ).map { try $0.decode(String.self) }
            #expect(
                Set(kinds) == ["acknowledged", "retried", "dead_lettered", "lost", "cancelled", "replayed"])
        }
    }

    @Test func `what it takes does not grow with what is kept`() async throws {
        try await withQueue { queue in
            try await queue.declare(["intake", "out.fire"])
            try await TestDatabase.current.database.execute(
                """
                INSERT INTO queue.history (era, queue, began_at, ended_at, outcome, attempt, messages)
                SELECT 1, CASE WHEN n % 1000 = 0 THEN f.id ELSE i.id END, now(), now() - n * interval '1 ms', 'acknowledged', 1,
                    ARRAY[n]
                FROM generate_series(1, 100000) AS n, queue.queue AS i, queue.queue AS f
                WHERE i.name = 'intake' AND f.name = 'out.fire'
                """)
            try await TestDatabase.current.database.execute("ANALYZE queue.history")
            let touched = try await buffers(
                of: """
                    SELECT ended_at, messages FROM queue.history
                    WHERE queue = (SELECT id FROM queue.queue WHERE name = 'out.fire') AND outcome = 'acknowledged'
                    ORDER BY ended_at DESC
                    LIMIT 1000
                    """)
            #expect(touched < 150)
            #expect(try await queue.pace(of: "intake").perSecond != nil)
        }
    }
}
