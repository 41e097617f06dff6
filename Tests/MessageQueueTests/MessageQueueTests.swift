import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct MessageQueueTests {
    struct RolledBack: Error {}

    @Test func `what was enqueued is claimed with all that it came with`() async throws {
        try await withQueue { queue in
            let correlation = UUIDValue.v7()
            var message = NewMessage("intake", "", key: "k", priority: .urgent, correlation: correlation)
            message.payload = Array(0...255)
            message.contentType = "application/json"
            let id = try await queue.enqueue(message)
            let lease = try #require(try await queue.claim("intake", limit: 5).first)
            #expect(lease.messageID == id)
            #expect(lease.queue == "intake")
            #expect(lease.key == "k")
            #expect(lease.payload == Array(0...255))
            #expect(lease.contentType == "application/json")
            #expect(lease.priority == .urgent)
            #expect(lease.correlation == correlation)
            #expect(lease.attempt == 1)
            #expect(lease.expiresAt - lease.enqueuedAt >= .seconds(30))
            #expect(!lease.isSuspect)
        }
    }

    @Test(arguments: [0, 1, 1_999, 2_000, 8_100, 8_200, 1 << 20])
    func `documents of any size come back unchanged`(size: Int) async throws {
        try await withQueue { queue in
            var generator = SplitMix(state: UInt64(size))
            let payload = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try await queue.enqueue(NewMessage(queue: "intake", payload: payload))
            #expect(try await queue.claim("intake", limit: 1).first?.payload == payload)
        }
    }

    @Test func `an enqueued message is durable when the call returns`() async throws {
        try await withQueue { queue in
            let reader = TestDatabase.current.database
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<64 {
                    group.addTask {
                        let id = try await queue.enqueue(NewMessage("intake", "\(number)"))
                        // Another connection sees only what is committed.
                        let rows = try await reader.query(
                            "SELECT payload FROM queue.message WHERE id = \(id.rawValue)")
                        #expect(try rows.first?.decode([UInt8].self) == Array("\(number)".utf8))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `concurrent callers share commits`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "first"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    group.addTask { _ = try await queue.enqueue(NewMessage("intake", "\(number)")) }
                }
                try await group.waitForAll()
            }
            let transactions = try await TestDatabase.current.database.query(
                "SELECT count(DISTINCT xmin::text), count(*) FROM queue.message"
            )[0].decode(Int.self, Int.self)
            #expect(transactions.1 == 301)
            #expect(transactions.0 < 150)
        }
    }

    @Test func `a bulk gets its ids in the order of its messages`() async throws {
        try await withQueue { queue in
            let messages = (0..<2_500).map { NewMessage("intake", "\($0)", key: "k\($0)") }
            let ids = try await queue.enqueue(messages)
            let rows = try await TestDatabase.current.database.query(
                "SELECT id, convert_from(payload, 'UTF8') FROM queue.message"
            ).decode(Int64.self, String.self)
            let texts = Dictionary(uniqueKeysWithValues: rows.map { (MessageID(rawValue: $0.0), $0.1) })
            #expect(ids.map { texts[$0] } == (0..<2_500).map { "\($0)" })
        }
    }

    @Test func `one refused message does not fail those that wait with it`() async throws {
        try await withQueue { queue in
            await #expect(throws: QueueError.keyLength(bytes: 0)) {
                try await queue.enqueue(NewMessage("intake", "", key: ""))
            }
            await #expect(throws: QueueError.queueName("no such form")) {
                try await queue.enqueue(NewMessage("no such form", ""))
            }
            _ = try await queue.enqueue(NewMessage("intake", "good"))
            #expect(try await queue.statistics(of: "intake").ready == 1)
        }
    }

    @Test func `a rolled back transaction leaves no message`() async throws {
        try await withQueue { queue in
            await #expect(throws: RolledBack.self) {
                try await queue.database.transaction { connection in
                    _ = try queue.enqueue(
                        [NewMessage("fresh", "1"), NewMessage("fresh", "2", key: "k")], in: connection)
                    throw RolledBack()
                }
            }
            #expect(try await queue.statistics().isEmpty)
            #expect(try await queue.claim("fresh", limit: 5).isEmpty)
            // And the queue, which was made in the lost transaction, is made again.
            _ = try await queue.enqueue(NewMessage("fresh", "3"))
            #expect(try await queue.claim("fresh", limit: 5).map(\.text) == ["3"])
        }
    }

    @Test func `a message of an open transaction is not seen, and is with its commit`() async throws {
        try await withQueue { queue in
            let transaction = try await OpenTransaction(on: queue.database) { connection in
                _ = try queue.enqueue([NewMessage("intake", "1")], in: connection)
            }
            #expect(try await queue.claim("intake", limit: 5).isEmpty)
            try await transaction.commit()
            #expect(try await queue.claimEventually("intake", limit: 5).map(\.text) == ["1"])
        }
    }

    // MARK: Order

    @Test func `a key's messages are ordered by commit, not by when their transactions began`() async throws {
        try await withQueue { queue in
            try await queue.declare(["intake"])
            // The first to enqueue commits last; the second must wait for it, or the order would not be that of the
            // commits.
            let first = try await OpenTransaction(on: queue.database) { connection in
                _ = try queue.enqueue([NewMessage("intake", "first", key: "k")], in: connection)
            }
            let second = Task { try await queue.enqueue(NewMessage("intake", "second", key: "k")) }
            // Another key does not wait.
            _ = try await queue.database.transaction { connection in
                try queue.enqueue([NewMessage("intake", "other", key: "other")], in: connection)
            }
            #expect(try await queue.claim("intake", limit: 5).map(\.text) == ["other"])
            try await someoneWaitsForAKey()
            try await first.commit()
            _ = try await second.value
            let lease = try #require(try await queue.claimEventually("intake", limit: 5).first)
            #expect(lease.text == "first")
            #expect(try await queue.acknowledge([lease]).isEmpty)
            #expect(try await queue.claim("intake", limit: 5).map(\.text) == ["second"])
        }
    }

    @Test func `a bulk of very many keys waits for its keys as well, with one lock`() async throws {
        try await withQueue { queue in
            try await queue.declare(["intake"])
            let locks = try await queue.database.transaction { connection in
                _ = try queue.enqueue((0..<900).map { NewMessage("intake", "\($0)", key: "k\($0)") }, in: connection)
                return try connection.query(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                )[0].decode(Int.self)
            }
            #expect(locks == 1)
            let single = try await OpenTransaction(on: queue.database) { connection in
                _ = try queue.enqueue([NewMessage("intake", "first", key: "shared")], in: connection)
            }
            let bulk = Task {
                try await queue.enqueue(
                    (0..<900).map { NewMessage("intake", "bulk\($0)", key: $0 == 7 ? "shared" : "b\($0)") })
            }
            try await someoneWaitsForAKey()
            try await single.commit()
            _ = try await bulk.value
            let claimed = try await queue.claim("intake", limit: 5_000)
            #expect(claimed.count == 900 + 899 + 1)
            #expect(claimed.filter { $0.key == "shared" }.map(\.text) == ["first"])
        }
    }

    @Test func `equal keys of different queues do not wait for each other`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([NewMessage("a", "1", key: "k"), NewMessage("b", "2", key: "k")])
            #expect(try await queue.claim("a", limit: 5).map(\.text) == ["1"])
            #expect(try await queue.claim("b", limit: 5).map(\.text) == ["2"])
        }
    }
}
