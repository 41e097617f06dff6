import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct PauseTests {
    @Test func `a paused queue takes messages and gives none, on every node`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("out.fire", "1"))
            try await queue.pause("out.fire", reason: "their certificate ran out")
            _ = try await queue.enqueue(NewMessage("out.fire", "2"))
            #expect(try await queue.claim("out.fire", limit: 9).isEmpty)
            let other = MessageQueue(database: queue.database, node: "other")
            #expect(try await other.claim("out.fire", limit: 9).isEmpty)
            let statistics = try await queue.statistics(of: "out.fire")
            #expect(statistics.ready == 2)
            #expect(statistics.pausedAt != nil)
            #expect(statistics.pauseReason == "their certificate ran out")
            try await queue.resume("out.fire")
            #expect(try await other.claim("out.fire", limit: 9).count == 2)
            #expect(try await queue.statistics(of: "out.fire").pausedAt == nil)
        }
    }

    @Test func `a pause may end by itself`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("out.fire", "1"))
            try await queue.pause("out.fire", reason: "their maintenance", for: .seconds(3_600))
            #expect(try await queue.claim("out.fire", limit: 9).isEmpty)
            let until = try #require(try await queue.statistics(of: "out.fire").pausedUntil)
            #expect(until > Timestamp.now() + .seconds(3_500))
            try await TestDatabase.current.database.execute(
                "UPDATE queue.queue SET paused_until = now() WHERE paused_at IS NOT NULL")
            #expect(try await queue.claim("out.fire", limit: 9).count == 1)
            #expect(try await queue.statistics(of: "out.fire").pauseReason == nil)
        }
    }

    @Test func `what is in hand when a queue is paused can be finished`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            let leases = try await queue.claim("intake", limit: 1)
            try await queue.pause("intake", reason: "x")
            #expect(try await queue.acknowledge(leases).isEmpty)
        }
    }

    @Test func `a pause may leave one that is in force as it is`() async throws {
        try await withQueue { queue in
            try await queue.declare(["intake"])
            let first = try #require(try await queue.pause("intake", reason: "a", for: .seconds(60), replacing: false))
            #expect(try #require(first.until) == first.since + .seconds(60))
            #expect(try await queue.pause("intake", reason: "b", replacing: false) == nil)
            #expect(try await queue.statistics(of: "intake").pauseReason == "a")
            let second = try #require(try await queue.pause("intake", reason: "b"))
            #expect(second.since > first.since && second.until == nil)
            #expect(try await queue.statistics(of: "intake").pauseReason == "b")
        }
    }

    @Test func `an end may be that of one pause and of no other`() async throws {
        try await withQueue { queue in
            try await queue.declare(["intake"])
            let first = try #require(try await queue.pause("intake", reason: "a"))
            let second = try #require(try await queue.pause("intake", reason: "b"))
            #expect(try await !queue.resume("intake", only: first.since))
            #expect(try await queue.statistics(of: "intake").pauseReason == "b")
            #expect(try await queue.resume("intake", only: second.since))
            #expect(try await !queue.resume("intake"))
        }
    }

    @Test func `what must commit with a pause keeps it from being made`() async throws {
        struct Refused: Error {}
        try await withQueue { queue in
            try await queue.declare(["intake"])
            await #expect(throws: Refused.self) {
                try await queue.pause("intake", reason: "a") { _, _ in throw Refused() }
            }
            #expect(try await queue.statistics(of: "intake").pausedAt == nil)
            try await queue.pause("intake", reason: "a")
            await #expect(throws: Refused.self) { try await queue.resume("intake") { _ in throw Refused() } }
            #expect(try await queue.statistics(of: "intake").pausedAt != nil)
        }
    }

    @Test func `a queue that does not exist cannot be paused`() async throws {
        try await withQueue { queue in
            await #expect(throws: QueueError.unknownQueue("nowhere")) { try await queue.pause("nowhere", reason: "x") }
            await #expect(throws: QueueError.unknownQueue("nowhere")) { try await queue.resume("nowhere") }
        }
    }

    @Test func `a pause that is over by itself is forgotten with its reason, and no other`() async throws {
        try await withQueue { queue in
            try await queue.declare(["intake", "out.fire"])
            try await queue.pause("intake", reason: "for a moment", for: .milliseconds(1))
            try await queue.pause("out.fire", reason: "for an hour", for: .seconds(3_600))
            try await eventually { try await queue.forgetPauses() == 1 }
            let reasons = try await queue.database.query(
                "SELECT name, pause_reason FROM queue.queue WHERE pause_reason IS NOT NULL"
            ).map { try $0.decode(String.self, String.self).1 }
            #expect(reasons == ["for an hour"])
        }
    }
}
