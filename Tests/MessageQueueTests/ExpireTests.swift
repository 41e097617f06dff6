import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct ExpireTests {
    /// Lets all messages have been enqueued so long ago.
    private func age(by age: Duration) async throws {
        try await TestDatabase.current.database.execute("UPDATE queue.state SET entered_at = entered_at - \(age)")
    }

    @Test func `a claim sets aside what is past its deadline, without an attempt, and hands out the rest`() async throws
    {
        try await withQueue {
            $0.policies["out.fire"] = QueuePolicy(deadline: .seconds(3_600))
        } _: { queue in
            let late = try await queue.enqueue(NewMessage("out.fire", "late", key: "k"))
            try await age(by: .seconds(3_601))
            _ = try await queue.enqueue(NewMessage("out.fire", "in time", key: "k"))
            #expect(try await queue.claim("out.fire", limit: 9).isEmpty)
            #expect(try await queue.claim("out.fire", limit: 9).map(\.text) == ["in time"])
            let letter = try #require(try await queue.deadLetters(DeadLetterSelection()).first)
            #expect(letter.messageID == late)
            #expect(letter.cause.code == "deadline_passed")
            #expect(letter.attempts == 0)
        }
    }

    @Test func `what nothing claims is set aside too: in a paused queue, behind a retry, delayed`() async throws {
        try await withQueue {
            $0.policies["out.fire"] = QueuePolicy(deadline: .seconds(60))
        } _: { queue in
            _ = try await queue.enqueue([
                NewMessage("out.fire", "retrying", key: "k"), NewMessage("out.fire", "behind", key: "k"),
                NewMessage("out.fire", "delayed", notBefore: .now() + .seconds(3_600)), NewMessage("other", "x"),
            ])
            let lease = try #require(try await queue.claim("out.fire", limit: 1).first)
            try await queue.retry(lease, cause: Cause(code: "x"), after: .seconds(3_600))
            try await queue.pause("out.fire", reason: "x")
            #expect(try await queue.expire() == 0)
            try await age(by: .seconds(61))
            _ = try await queue.enqueue(NewMessage("out.fire", "young", key: "k"))
            #expect(try await queue.expire() == 3)
            #expect(try await queue.check().isEmpty)
            try await queue.resume("out.fire")
            #expect(try await queue.claim("out.fire", limit: 9).map(\.text) == ["young"])
            #expect(try await queue.statistics(of: "other").ready == 1)
        }
    }

    @Test func `what is worked on is left alone`() async throws {
        try await withQueue {
            $0.policies["out.fire"] = QueuePolicy(deadline: .seconds(60))
        } _: { queue in
            _ = try await queue.enqueue(NewMessage("out.fire", "x"))
            let leases = try await queue.claim("out.fire", limit: 1)
            try await age(by: .seconds(61))
            #expect(try await queue.expire() == 0)
            #expect(try await queue.acknowledge(leases).isEmpty)
        }
    }

    @Test func `a replayed message has its deadline anew`() async throws {
        try await withQueue {
            $0.policies["out.fire"] = QueuePolicy(deadline: .seconds(60))
        } _: { queue in
            _ = try await queue.enqueue(NewMessage("out.fire", "x"))
            try await age(by: .seconds(61))
            #expect(try await queue.expire() == 1)
            #expect(try await queue.replay(DeadLetterSelection()) == 1)
            #expect(try await queue.claim("out.fire", limit: 9).count == 1)
        }
    }
}
