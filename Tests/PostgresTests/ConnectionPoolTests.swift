import Postgres
import TestSupport
import Testing

@Suite(.database) struct ConnectionPoolTests {
    let database = TestDatabase.current.database

    @Test func `callers beyond the bound are refused, those within it served in turn`() async throws {
        let pool = TestDatabase.current.pool(connections: 1) { $0.maximumWaiters = 1 }
        let first = Task { try await pool.execute("SELECT pg_sleep(60)") }
        try await eventually { pool.statistics.leased == 1 }
        let second = Task { try await pool.query("SELECT 2")[0].decode(Int.self) }
        try await eventually { pool.statistics.waiting == 1 }
        let error = try await #require(throws: PostgresError.self) { try await pool.query("SELECT 3") }
        #expect(error.reason == .poolExhausted)
        first.cancel()
        _ = await first.result
        #expect(try await second.value == 2)
        #expect(pool.statistics.idle == 1)
        await pool.close()
    }

    @Test func `a caller that waits too long is told so`() async throws {
        let pool = TestDatabase.current.pool(connections: 1) { $0.waitTimeout = .milliseconds(30) }
        // On a busy machine the connection alone may take longer.
        try await eventually { (try? await pool.execute("SELECT 1")) != nil }
        let task = Task { try await pool.query("SELECT pg_sleep(60)") }
        try await eventually { pool.statistics.leased == 1 }
        let error = try await #require(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(error.reason == .waitTimedOut)
        task.cancel()
        _ = await task.result
        await pool.close()
    }

    @Test func `a waiting caller can be cancelled`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let holder = Task { try await pool.query("SELECT pg_sleep(60)") }
        try await eventually { pool.statistics.leased == 1 }
        let waiter = Task { try await pool.query("SELECT 1") }
        try await eventually { pool.statistics.waiting == 1 }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(pool.statistics.waiting == 0)
        holder.cancel()
        _ = await holder.result
        await pool.close()
    }

    @Test func `many callers share few connections`() async throws {
        let pool = TestDatabase.current.pool(connections: 3)
        let backends = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<300 {
                group.addTask { try await pool.query("SELECT pg_backend_pid()")[0].decode(Int.self) }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(backends.count <= 3)
        #expect(pool.statistics.leased == 0)
        await pool.close()
    }

    @Test func `a closed pool refuses, after what ran has ended`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let running = Task { try await pool.query("SELECT pg_sleep(0.05), 1")[0].value("?column?", as: Int.self) }
        try await eventually { pool.statistics.leased == 1 }
        await pool.close()
        #expect(try await running.value == 1)
        let error = try await #require(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(error.reason == .closed)
    }

    @Test func `a pool that closes leaves no connection behind`() async throws {
        let pool = TestDatabase.current.pool { $0.applicationName = "leaver" }
        try await pool.execute("SELECT 1")
        await pool.close()
        try await eventually {
            try await database.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'leaver'").isEmpty
        }
    }
}
