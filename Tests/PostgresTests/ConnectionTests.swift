import Glibc
import Postgres
import TestSupport
import Testing

@Suite(.database) struct ConnectionTests {
    let database = TestDatabase.current.database

    private func backend(of database: Database) async throws -> Int32 {
        try await database.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
    }

    // MARK: Statements

    @Test func `a script of several statements runs whole or not at all`() async throws {
        try await database.read { try $0.executeScript("CREATE TABLE a (n int); INSERT INTO a VALUES (1), (2)") }
        await #expect(throws: PostgresError.self) {
            try await database.read { try $0.executeScript("INSERT INTO a VALUES (3); SELECT 1 / 0") }
        }
        let count = try await database.query("SELECT count(*) FROM a")[0].decode(Int.self)
        #expect(count == 2)
    }

    @Test func `a statement is prepared when it comes again and gives the same`() async throws {
        try await database.read { connection in
            for n in 1...5 {
                #expect(try connection.query("SELECT \(n) * 2")[0].decode(Int.self) == n * 2)
            }
            let prepared = try connection.query(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%* 2'")
            #expect(try prepared[0].decode(Int.self) == 1)
        }
    }

    @Test func `a prepared statement survives a change of its table`() async throws {
        try await database.read { connection in
            try connection.execute("CREATE TABLE shape (a int)")
            for _ in 1...3 { try connection.execute("SELECT * FROM shape") }
            try connection.execute("ALTER TABLE shape ADD b int")
            try connection.execute("INSERT INTO shape VALUES (1, 2)")
            #expect(try connection.query("SELECT * FROM shape")[0].decode(Int.self, Int.self) == (1, 2))
        }
    }

    @Test func `in a transaction the change of a table is an error, once`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        try await pool.execute("CREATE TABLE shape (a int)")
        for _ in 1...3 { _ = try await pool.query("SELECT * FROM shape") }
        try await pool.execute("ALTER TABLE shape ADD b int")
        await #expect(throws: PostgresError.self) {
            try await pool.transaction { _ = try $0.query("SELECT * FROM shape") }
        }
        let rows = try await pool.transaction { try $0.query("SELECT * FROM shape") }
        #expect(rows.isEmpty)
        await pool.close()
    }

    @Test func `a prepared statement that somebody dropped is prepared again`() async throws {
        try await database.read { connection in
            for n in 1...3 { try connection.execute("SELECT \(n)") }
            try connection.executeScript("DEALLOCATE ALL")
            #expect(try connection.query("SELECT \(4)")[0].decode(Int.self) == 4)
        }
    }

    @Test func `the server keeps no more statements than the cache`() async throws {
        let pool = TestDatabase.current.pool(connections: 1) { $0.statementCacheCapacity = 3 }
        try await pool.read { connection in
            for n in 1...10 {
                let sql: SQL = "SELECT \(n) AS \(identifier: "column \(n)")"
                for _ in 1...2 { try connection.execute(sql) }
            }
            try connection.execute("SELECT 1")
            #expect(try connection.query("SELECT count(*) FROM pg_prepared_statements")[0].decode(Int.self) <= 3)
        }
        await pool.close()
    }

    @Test func `a COPY by query is refused and breaks the connection, not the pool`() async throws {
        await #expect(throws: PostgresError.self) { try await database.query("COPY pg_class TO STDOUT") }
        #expect(try await database.query("SELECT 1")[0].decode(Int.self) == 1)
    }

    // MARK: The server goes

    @Test func `a killed backend is an error once and a new connection after`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let error = try await #require(throws: PostgresError.self) {
            try await pool.execute("SELECT pg_terminate_backend(pg_backend_pid())", name: "suicide")
        }
        #expect(error.isRetryable)
        #expect("\(error)".hasSuffix("in suicide"))
        #expect(try await pool.query("SELECT 1")[0].decode(Int.self) == 1)
        await pool.close()
    }

    @Test func `a backend killed while idle is replaced unnoticed`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let first = try await backend(of: pool)
        try await database.execute("SELECT pg_terminate_backend(\(first))")
        try await eventually {
            try await database.query("SELECT 1 FROM pg_stat_activity WHERE pid = \(first)").isEmpty
        }
        #expect(try await backend(of: pool) != first)
        await pool.close()
    }

    // MARK: Limits

    @Test func `a statement over its deadline is cancelled and the connection lives on`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let first = try await backend(of: pool)
        let error = try await #require(throws: PostgresError.self) {
            try await pool.query("SELECT pg_sleep(60)", name: "sleep", deadline: .milliseconds(20))
        }
        #expect(error.reason == .deadlineExceeded)
        #expect("\(error)" == "PostgreSQL: deadline exceeded 57014 in sleep")
        #expect(try await backend(of: pool) == first)
        await pool.close()
    }

    @Test func `a server that does not answer is given up`() async throws {
        let pool = TestDatabase.current.pool(connections: 1) { $0.grace = .milliseconds(50) }
        let process = try await backend(of: pool)
        kill(process, SIGSTOP)
        defer { kill(process, SIGCONT) }
        let error = try await #require(throws: PostgresError.self) {
            try await pool.query("SELECT 1", deadline: .milliseconds(20))
        }
        #expect(error.reason == .deadlineExceeded)
        #expect(try await backend(of: pool) != process)
    }

    @Test func `every connection has its time limits, its role and its name`() async throws {
        try await database.execute("DROP ROLE IF EXISTS hub_test_reader")
        try await database.execute("CREATE ROLE hub_test_reader")
        let pool = TestDatabase.current.pool {
            $0.statementTimeout = .milliseconds(1234)
            $0.lockTimeout = .seconds(2)
            $0.idleInTransactionTimeout = .seconds(3)
            $0.role = DatabaseRole(rawValue: "hub_test_reader")
            $0.searchPath = "pg_catalog, public"
            $0.applicationName = "limits"
        }
        let row = try await pool.query(
            """
            SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
                   current_setting('idle_in_transaction_session_timeout'), current_user::text,
                   current_setting('search_path'), current_setting('application_name')
            """)[0]
        let settings = try row.decode(String.self, String.self, String.self, String.self, String.self, String.self)
        #expect(settings == ("1234ms", "2s", "3s", "hub_test_reader", "pg_catalog, public", "limits"))
        await pool.close()
        try await database.execute("DROP ROLE hub_test_reader")
    }

    @Test func `the server's own limit ends a statement too`() async throws {
        let pool = TestDatabase.current.pool { $0.statementTimeout = .milliseconds(20) }
        let error = try await #require(throws: PostgresError.self) { try await pool.query("SELECT pg_sleep(60)") }
        #expect(error.state == .queryCanceled)
        await pool.close()
    }

    @Test func `a second host is tried when the first is away`() async throws {
        let local = try #require(
            TestDatabase.current.connectionString.split(separator: "'").first { $0.hasPrefix("/") })
        let rest = try #require(TestDatabase.current.connectionString.split(separator: " ").last)
        let configuration = DatabaseConfiguration(
            connectionString: "host=/nonexistent,\(local) user=hub \(rest) target_session_attrs=read-write")
        let pool = Database(configuration: configuration, logger: .silent)
        #expect(try await pool.query("SELECT 1")[0].decode(Int.self) == 1)
        await pool.close()
    }

    // MARK: Cancellation

    @Test func `cancelling the task cancels the statement and keeps the connection`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let first = try await backend(of: pool)
        let task = Task { try await pool.query("SELECT pg_sleep(60)") }
        try await eventually {
            try await !database.query("SELECT 1 FROM pg_stat_activity WHERE pid = \(first) AND wait_event = 'PgSleep'")
                .isEmpty
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await backend(of: pool) == first)
        await pool.close()
    }

    @Test func `a cancelled transaction is undone and starts no further statement`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        try await pool.execute("CREATE TABLE a (n int)")
        let task = Task {
            try await pool.transaction { connection in
                try connection.execute("INSERT INTO a VALUES (1)")
                _ = try? connection.query("SELECT pg_sleep(60)")
                try connection.execute("INSERT INTO a VALUES (2)")
            }
        }
        try await eventually {
            try await !database.query(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
            ).isEmpty
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await pool.query("SELECT n FROM a").isEmpty)
        await pool.close()
    }

    @Test func `a cancellation takes effect whenever it comes, also before its statement is read`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let first = try await backend(of: pool)
        for round in 0..<300 {
            let task = Task { try await pool.query("SELECT pg_sleep(60)") }
            for _ in 0..<round { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(try await backend(of: pool) == first)
        await pool.close()
    }

    @Test func `a late cancellation never hits the next statement`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        for round in 0..<150 {
            let task = Task { try await pool.query("SELECT pg_sleep(0.0005)") }
            for _ in 0..<round { await Task.yield() }
            task.cancel()
            _ = await task.result
            #expect(try await pool.query("SELECT pg_sleep(0.0002), 7")[0].value("?column?", as: Int.self) == 7)
        }
        await pool.close()
    }
}
