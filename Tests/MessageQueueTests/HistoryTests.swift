import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct HistoryTests {
    @Test func `every attempt and outcome is told in order`() async throws {
        try await withQueue(node: "alpha") { queue in
            let id = try await queue.enqueue(NewMessage("intake", "1"))
            let first = try #require(try await queue.claim("intake", limit: 1).first)
            _ = try await queue.retry(first, cause: Cause(code: "unreachable"), after: .zero)
            let second = try #require(try await queue.claimEventually("intake", limit: 1).first)
            #expect(try await queue.history(of: id).map(\.event) == [.enqueued, .retried, .leased])
            _ = try await queue.acknowledge([second])
            let history = try await queue.history(of: id)
            #expect(history.map(\.event) == [.enqueued, .retried, .acknowledged])
            #expect(history.map(\.attempt) == [0, 1, 2])
            #expect(history.map(\.cause) == [nil, "unreachable", nil])
            #expect(history.allSatisfy { $0.queue == "intake" && $0.messageID == id })
            let number = try #require(queue.shared.node.withLock { $0 })
            #expect(history.map(\.node) == [nil, "alpha/\(number)", "alpha/\(number)"])
            for entry in history.dropFirst() { #expect(try #require(entry.beganAt) <= entry.at) }
        }
    }

    @Test func `a correlation brings together the messages of one affair`() async throws {
        try await withQueue { queue in
            let correlation = UUIDValue.v7()
            _ = try await queue.enqueue([
                NewMessage("intake", "1", correlation: correlation), NewMessage("intake", "2", correlation: .v7()),
                NewMessage("out.fire", "3", correlation: correlation),
            ])
            let history = try await queue.history(of: correlation)
            #expect(history.map(\.queue).sorted() == ["intake", "out.fire"])
            #expect(try await queue.history(of: .v7()).isEmpty)
        }
    }

    @Test func `a message that waits says until when`() async throws {
        try await withQueue { queue in
            let due = Timestamp.now() + .seconds(500)
            let id = try await queue.enqueue(NewMessage("intake", "1", notBefore: due))
            let history = try await queue.history(of: id)
            #expect(history.map(\.event) == [.enqueued, .waiting])
            #expect(history.last?.at == due)
        }
    }

    @Test func `a restarted node has a number of its own`() async throws {
        try await withQueue(node: "alpha") { queue in
            let again = MessageQueue(database: queue.database, node: "alpha")
            for node in [queue, again] { _ = try await node.claim("intake", limit: 1) }
            #expect(queue.shared.node.withLock { $0 } != again.shared.node.withLock { $0 })
        }
    }
}
