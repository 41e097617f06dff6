import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct RetireTests {
    private static let week = Duration.seconds(7 * 86_400)

    /// Lets all that is there be so many days old.
    private func age(byDays days: Double) async throws {
        let age = Duration.seconds(days * 86_400)
        try await TestDatabase.current.database.execute("UPDATE queue.era SET opened_at = opened_at - \(age)")
    }

    private func partitions() async throws -> [String] {
        try await TestDatabase.current.database.query(
            """
            SELECT inhrelid::regclass::text FROM pg_inherits
            WHERE inhparent IN ('queue.message'::regclass, 'queue.history'::regclass) ORDER BY 1
            """
        ).map { try $0.decode(String.self) }
    }

    @Test func `only finished messages of sufficient age are dropped, with their history`() async throws {
        try await withQueue { queue in
            let ids = try await queue.enqueue((0..<60).map { NewMessage("intake", "\($0)", key: "k\($0 % 30)") })
            let leases = try await queue.claim("intake", limit: 30)
            _ = try await queue.acknowledge(Array(leases[..<20]))
            for lease in leases[20..<25] { _ = try await queue.deadLetter(lease, cause: Cause(code: "x")) }
            #expect(try await queue.replay(DeadLetterSelection(messages: [leases[20].messageID])) == 1)
            try await age(byDays: 1)
            #expect(try await queue.retire(olderThan: Self.week) == Rotation(opened: 2))
            try await age(byDays: 0.01)
            let young = try await queue.enqueue(NewMessage("intake", "young"))
            try await age(byDays: 6.9)
            #expect(try await queue.retire(olderThan: Self.week) == Rotation(opened: 3))
            try await age(byDays: 0.2)

            // 35 live ones, of which five leased and one replayed, and four dead ones are carried over.
            #expect(try await queue.retire(olderThan: Self.week) == Rotation(dropped: [1], carried: 40))
            #expect(
                try await partitions() == ["queue.history_2", "queue.history_3", "queue.message_2", "queue.message_3"])
            #expect(try await queue.history(of: ids[0]).isEmpty)
            #expect(try await queue.history(of: ids[26]).map(\.event) == [.enqueued, .leased])
            #expect(try await !queue.history(of: young).isEmpty)
            #expect(try await queue.check().isEmpty)

            #expect(try await queue.acknowledge(Array(leases[25...])).isEmpty)
            #expect(try await queue.replay(DeadLetterSelection()) == 4)
            var texts: Set<String> = []
            try await eventually {
                let leases = try await queue.claim("intake", limit: 99)
                texts.formUnion(leases.map(\.text))
                return try await queue.acknowledge(leases).isEmpty && texts.count == 36
            }
            let numbers = (20..<25).map { "\($0)" } + (30..<60).map { "\($0)" }
            #expect(texts == Set(numbers + ["young"]))
        }
    }

    @Test func `a reader of long breath makes the drop wait, and nobody else`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "alive"))
            try await age(byDays: 1)
            _ = try await queue.retire(olderThan: Self.week)
            try await age(byDays: 8)
            let reader = try await OpenTransaction(on: TestDatabase.current.database) { connection in
                _ = try connection.query("SELECT count(*) FROM queue.message_1")
            }
            let rotation = try await queue.retire(olderThan: Self.week)
            #expect(rotation == Rotation(opened: 3, carried: 1, isWaiting: true))
            #expect(try await queue.claim("intake", limit: 9).map(\.text) == ["alive"])
            try await reader.commit()
            #expect(try await queue.retire(olderThan: Self.week) == Rotation(dropped: [1]))
        }
    }

    @Test func `what comes to life or dies while an era is dropped keeps its document`() async throws {
        try await withQueue(connections: 8) { queue in
            let ids = try await queue.enqueue((0..<400).map { NewMessage("intake", "\($0)", key: "k\($0 % 40)") })
            let over = Flag()
            try await withThrowingTaskGroup { group in
                for worker in 0..<3 {
                    group.addTask {
                        var round = 0
                        while !over.isSet.load(ordering: .relaxed) {
                            round += 1
                            for lease in try await queue.claim("intake", limit: 5) {
                                if (round + worker) % 3 == 0 {
                                    _ = try await queue.deadLetter(lease, cause: Cause(code: "x"))
                                } else {
                                    _ = try await queue.release([lease])
                                }
                            }
                            if round % 5 == worker { _ = try await queue.replay(DeadLetterSelection(limit: 20)) }
                        }
                    }
                }
                group.addTask {
                    var dropped = 0
                    try await eventually {
                        dropped += try await queue.retire(olderThan: .zero).dropped.count
                        return dropped > 1
                    }
                    over.isSet.store(true, ordering: .relaxed)
                }
                try await group.waitForAll()
            }
            #expect(try await queue.check().isEmpty)
            _ = try await queue.replay(DeadLetterSelection())
            try await queue.expireLeases()
            var seen: Set<MessageID> = []
            try await eventually {
                let leases = try await queue.claim("intake", limit: 99)
                seen.formUnion(leases.map(\.messageID))
                return try await queue.acknowledge(leases).isEmpty && seen.count == ids.count
            }
        }
    }

    @Test func `the era that is written to cannot be dropped`() async throws {
        try await withQueue { queue in
            let error = try await #require(throws: PostgresError.self) {
                try await queue.database.execute("SELECT queue.drop_era(1::smallint)")
            }
            #expect(error.state == SQLState(rawValue: "55006"))
        }
    }
}
