import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct PlannerSettingsTests {
    @Test func `no statement scans the live messages as a whole, however the statistics mislead`() async throws {
        try await withQueue(connections: 1) { queue in
            let administrator = TestDatabase.current.database
            // Statistics of an empty table, from which the planner would conclude that scanning it costs nothing.
            try await administrator.execute("VACUUM ANALYZE queue.state")
            try await queue.declare(["intake"])
            func scans() async throws -> (whole: Int, byIndex: Int) {
                try await queue.database.execute("SELECT pg_stat_force_next_flush()")
                return try await administrator.query(
                    "SELECT seq_scan, idx_scan FROM pg_stat_all_tables WHERE relid = 'queue.state'::regclass"
                )[0].decode(Int.self, Int.self)
            }
            let before = try await scans()
            // Several times each, so that cached plans are made and used.
            for round in 0..<8 {
                let ids = try await queue.enqueue(
                    (0..<20).map { NewMessage("intake", "x", key: "k\(round)-\($0 % 15)") })
                let leases = try await queue.claim("intake", limit: 10)
                _ = try await queue.renew(leases, for: .seconds(60))
                _ = try await queue.acknowledge(Array(leases[..<5]))
                try await queue.retry(leases[5], cause: Cause(code: "x"), after: .zero)
                try await queue.deadLetter(leases[6], cause: Cause(code: "x"))
                try await queue.release([leases[7]])
                try await queue.replay(DeadLetterSelection(queue: "intake"))
                try await queue.database.transaction { connection in
                    _ = try queue.enqueue([NewMessage("intake", "x", key: "k")], in: connection)
                    _ = try queue.acknowledge(leases[8], in: connection)
                    _ = try queue.cancel(Array(ids.suffix(3)), cause: Cause(code: "x"), in: connection)
                }
            }
            let after = try await scans()
            #expect(after.byIndex > before.byIndex + 100)
            #expect(after.whole == before.whole)
        }
    }

    @Test func `a transaction that looks at one snapshot throughout is refused`() async throws {
        try await withQueue { queue in
            await #expect(throws: QueueError.isolation("repeatable read")) {
                try await queue.database.transaction(isolation: .repeatableRead) { connection in
                    _ = try queue.enqueue([NewMessage("intake", "x", key: "k")], in: connection)
                }
            }
            let statistics = try await queue.statistics()
            #expect(statistics.isEmpty)
        }
    }

    @Test func `planner settings do not leak into the caller's transaction`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            let (before, after) = try await queue.database.transaction { connection in
                let settings: SQL =
                    "SELECT name, setting FROM pg_settings WHERE category LIKE 'Query Tuning%' ORDER BY name"
                let before = try connection.query(settings).decode(String.self, String.self)
                _ = try queue.acknowledge(lease, in: connection)
                return (before, try connection.query(settings).decode(String.self, String.self))
            }
            #expect(before.map { "\($0)" } == after.map { "\($0)" })
        }
    }
}
