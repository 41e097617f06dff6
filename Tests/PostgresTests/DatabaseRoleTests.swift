import Postgres
import Synchronization
import TestSupport
import Testing

@Suite(.database) struct DatabaseRoleTests {
    private static let reader = DatabaseRole(rawValue: "hub_test_role_reader")
    private static let writer = DatabaseRole(rawValue: "hub_test_role_writer")

    /// Roles belong to the whole server, so another test may make them at the same moment; they stay.
    private func makeRoles() async throws {
        for role in [Self.reader, Self.writer] {
            try await TestDatabase.current.database.transaction {
                try $0.executeScript(
                    """
                    DO $$ BEGIN
                        CREATE ROLE \(role);
                    EXCEPTION WHEN duplicate_object OR unique_violation THEN
                        NULL;
                    END $$
                    """)
            }
        }
    }

    private func user(of database: Database) async throws -> String {
        try await database.query("SELECT current_user::text")[0].decode(String.self)
    }

    private func backend(of database: Database) async throws -> Int32 {
        try await database.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
    }

    @Test func `one connection acts as whoever has it`() async throws {
        try await makeRoles()
        let pool = TestDatabase.current.pool(connections: 1) { $0.role = Self.reader }
        let writer = pool.acting(as: Self.writer)
        let process = try await backend(of: pool)
        #expect(try await user(of: pool) == "hub_test_role_reader")
        #expect(try await user(of: writer) == "hub_test_role_writer")
        let inTransaction = try await writer.transaction {
            try $0.query("SELECT current_user::text")[0].decode(String.self)
        }
        #expect(inTransaction == "hub_test_role_writer")
        #expect(try await user(of: pool) == "hub_test_role_reader")
        #expect(try await backend(of: writer) == process)
        await pool.close()
    }

    @Test func `a pool without a role goes back to the one that logs in`() async throws {
        try await makeRoles()
        let pool = TestDatabase.current.pool(connections: 1)
        let own = try await user(of: pool)
        #expect(try await user(of: pool.acting(as: Self.reader)) == "hub_test_role_reader")
        #expect(try await user(of: pool) == own)
        await pool.close()
    }

    @Test func `a transaction that fails leaves the role as it was`() async throws {
        try await makeRoles()
        let pool = TestDatabase.current.pool(connections: 1)
        let reader = pool.acting(as: Self.reader)
        await #expect(throws: PostgresError.self) { try await reader.transaction { try $0.execute("SELECT 1 / 0") } }
        #expect(try await user(of: reader) == "hub_test_role_reader")
        await pool.close()
    }

    @Test func `a role that cannot be taken is an error, and the connection is not used again`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let process = try await backend(of: pool)
        let nobody = pool.acting(as: DatabaseRole(rawValue: "hub_test_role_nobody"))
        let error = try await #require(throws: PostgresError.self) { try await nobody.query("SELECT 1") }
        #expect(error.query?.description == "role")
        let hasRun = Flag()
        await withCheckedContinuation { ended in
            nobody.post { result in
                if case .success = result { hasRun.set() }
            } after: {
                ended.resume()
            }
        }
        #expect(!hasRun.isSet)
        #expect(try await backend(of: pool) != process)
        await pool.close()
    }

    @Test func `work that belongs to no task acts as its role`() async throws {
        try await makeRoles()
        let pool = TestDatabase.current.pool(connections: 1)
        let wasReader = Flag()
        await withCheckedContinuation { ended in
            pool.acting(as: Self.reader).post { result in
                let user = try? result.get().query("SELECT current_user::text")[0].decode(String.self)
                if user == "hub_test_role_reader" { wasReader.set() }
            } after: {
                ended.resume()
            }
        }
        #expect(wasReader.isSet)
        await pool.close()
    }

    @Test func `an idle connection that has the role is preferred to another`() async throws {
        try await makeRoles()
        let pool = TestDatabase.current.pool(connections: 2)
        let (reader, writer) = (pool.acting(as: Self.reader), pool.acting(as: Self.writer))
        // Both connections are open, the writer's the last that was given back.
        let readers = try await reader.read { connection in
            try connection.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
        }
        async let held: Int32 = reader.read { connection in
            try connection.query("SELECT pg_backend_pid(), pg_sleep(0.2)")[0].value("pg_backend_pid")
        }
        try await eventually { pool.statistics.leased == 1 }
        let writers = try await backend(of: writer)
        #expect(try await held == readers)
        #expect(writers != readers)
        for _ in 0..<3 {
            #expect(try await backend(of: writer) == writers)
            #expect(try await backend(of: reader) == readers)
        }
        await pool.close()
    }

    /// Something noted once, on any thread.
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }
}
