import Postgres
import TestSupport
import Testing

@Suite(.database) struct MigratorTests {
    let database = TestDatabase.current.database

    private static let first = Migration(
        number: 1, name: "first", sql: "CREATE TABLE one (n int); CREATE INDEX ON one (n);")
    private static let second = Migration(number: 2, name: "second", sql: "CREATE TABLE two (n int);")
    private static let third = Migration(number: 3, name: "third", sql: "ALTER TABLE two ADD m int;")

    private func migrator(_ migrations: Migration..., line: String = "queue") -> Migrator {
        Migrator(lines: [MigrationLine(name: line, migrations: migrations)])
    }

    @Test func `a fresh database gets all, a current one nothing, an older one the rest`() async throws {
        let old = migrator(Self.first, Self.second)
        #expect(
            try await old.pending(database).pending.map(\.description) == ["queue/0001_first", "queue/0002_second"])
        #expect(try await old.migrate(database, logger: .silent).count == 2)
        #expect(try await old.migrate(database, logger: .silent).isEmpty)
        #expect(try await old.pending(database).isCurrent)
        let new = migrator(Self.first, Self.second, Self.third)
        #expect(try await new.migrate(database, logger: .silent).map(\.number) == [3])
        #expect(try await database.query("SELECT number FROM hub_migration ORDER BY 1").decode(Int.self) == [1, 2, 3])
        #expect(try await database.query("SELECT n, m FROM two").isEmpty)
    }

    @Test func `lines are applied in the order given`() async throws {
        let roles = MigrationLine(name: "zeta", migrations: [Self.second])
        let queue = MigrationLine(name: "alpha", migrations: [Self.third])
        let applied = try await Migrator(lines: [roles, queue]).migrate(database, logger: .silent)
        #expect(applied.map(\.line) == ["zeta", "alpha"])
    }

    @Test func `pending migrations keep the hub from serving, and the error names the command`() async throws {
        let error = try await #require(throws: MigrationError.self) { try await migrator(Self.first).verify(database) }
        #expect("\(error)".contains("Run `hub migrate`"))
        try await migrator(Self.first).migrate(database, logger: .silent)
        try await migrator(Self.first).verify(database)
    }

    @Test func `a changed migration is refused and nothing is applied`() async throws {
        try await migrator(Self.first).migrate(database, logger: .silent)
        let changed = migrator(Migration(number: 1, name: "first", sql: "CREATE TABLE uno (n int);"), Self.second)
        let error = try await #require(throws: MigrationError.self) {
            try await changed.migrate(database, logger: .silent)
        }
        #expect("\(error)".contains("queue/0001_first was changed after it was applied"))
        #expect("\(error)".contains("`hub migrate`"))
        #expect(try await !changed.pending(database).conflicts.isEmpty)
        #expect(try await database.query("SELECT to_regclass('two') IS NULL")[0].decode(Bool.self))
        await #expect(throws: MigrationError.self) { try await changed.verify(database) }
    }

    @Test func `an unknown migration is refused`() async throws {
        try await migrator(Self.first, Self.second).migrate(database, logger: .silent)
        let older = migrator(Self.first)
        let error = try await #require(throws: MigrationError.self) {
            try await older.migrate(database, logger: .silent)
        }
        #expect("\(error)".contains("queue/0002_second is applied but this program does not know it"))
    }

    @Test func `a migration that comes too late for its line is refused`() async throws {
        try await migrator(Self.second).migrate(database, logger: .silent)
        let error = try await #require(throws: MigrationError.self) {
            try await migrator(Self.first, Self.second).migrate(database, logger: .silent)
        }
        #expect("\(error)".contains("queue/0001_first comes before one that is applied already"))
    }

    @Test func `a failing migration is undone, those before it stay, and the error says which`() async throws {
        let failing = migrator(
            Self.first, Migration(number: 2, name: "bad", sql: "CREATE TABLE two (n int); SELECT 1 / 0;"))
        let error = try await #require(throws: MigrationError.self) {
            try await failing.migrate(database, logger: .silent)
        }
        #expect("\(error)".contains("queue/0002_bad"))
        #expect("\(error)".contains("22012"))
        #expect(try await database.query("SELECT number FROM hub_migration").decode(Int.self) == [1])
        #expect(try await database.query("SELECT to_regclass('two') IS NULL")[0].decode(Bool.self))
    }

    @Test func `of migrators at once one works and the others find it done`() async throws {
        let migrator = migrator(Self.first, Self.second, Self.third)
        let applied = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { try await migrator.migrate(database, logger: .silent).count } }
            return try await group.reduce(0, +)
        }
        #expect(applied == 3)
    }

    @Test func `migrations run by the role that logs in, also where the pool takes on another`() async throws {
        try await database.execute("DROP ROLE IF EXISTS hub_test_migrated")
        try await database.execute("CREATE ROLE hub_test_migrated")
        let pool = TestDatabase.current.pool { $0.role = DatabaseRole(rawValue: "hub_test_migrated") }
        try await migrator(Self.first).migrate(pool, logger: .silent)
        #expect(try await migrator(Self.first).pending(pool).isCurrent)
        await pool.close()
        try await database.execute("DROP ROLE hub_test_migrated")
    }
}
