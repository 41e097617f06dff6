import Postgres
import TestSupport
import Testing

@Suite(.database) struct ConnectionTransactionTests {
    let database = TestDatabase.current.database

    private func backend(of database: Database) async throws -> Int32 {
        try await database.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
    }

    @Test func `a transaction commits what it did and undoes what it threw over`() async throws {
        struct Refused: Error {}
        try await database.execute("CREATE TABLE a (n int)")
        try await database.transaction { try $0.execute("INSERT INTO a VALUES (1)") }
        await #expect(throws: Refused.self) {
            try await database.transaction { connection in
                try connection.execute("INSERT INTO a VALUES (2)")
                throw Refused()
            }
        }
        #expect(try await database.query("SELECT n FROM a").decode(Int.self) == [1])
    }

    @Test func `a transaction whose error was swallowed does not pretend to commit`() async throws {
        try await database.execute("CREATE TABLE a (n int)")
        let error = try await #require(throws: PostgresError.self) {
            try await database.transaction { connection in
                try connection.execute("INSERT INTO a VALUES (1)")
                _ = try? connection.execute("SELECT 1 / 0")
            }
        }
        #expect(error.reason == .transactionAborted)
        #expect(try await database.query("SELECT n FROM a").isEmpty)
    }

    @Test func `a transaction left open is undone and its connection dropped`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        try await pool.execute("CREATE TABLE a (n int)")
        let first = try await backend(of: pool)
        try await pool.read { connection in
            try connection.executeScript("BEGIN")
            try connection.execute("INSERT INTO a VALUES (1)")
        }
        #expect(try await pool.query("SELECT n FROM a").isEmpty)
        #expect(try await backend(of: pool) != first)
        await pool.close()
    }

    @Test func `a read-only transaction refuses to write, and its connection is dropped`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let first = try await backend(of: pool)
        let error = try await #require(throws: PostgresError.self) {
            try await pool.transaction(isolation: .readOnly) { try $0.execute("CREATE TABLE a (n int)") }
        }
        #expect(error.state == .readOnlyTransaction)
        #expect(try await backend(of: pool) != first)
        await pool.close()
    }
}
