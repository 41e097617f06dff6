import Postgres
import TestSupport
import Testing

@Suite(
    .database(
        MigrationLine(name: "a", migrations: [Migration(number: 1, name: "one", sql: "CREATE TABLE a (n int)")]),
        MigrationLine(name: "b", migrations: [Migration(number: 1, name: "two", sql: "ALTER TABLE a ADD m int")])))
struct DatabaseTraitTests {
    let database = TestDatabase.current.database

    @Test(arguments: 1...4)
    func `each case has a database of its own, migrated`(number: Int) async throws {
        try await database.execute("INSERT INTO a (n, m) VALUES (\(number), \(number))")
        #expect(try await database.query("SELECT n FROM a").decode(Int.self) == [number])
    }

    @Test func `it is a clone of a template and on this machine`() async throws {
        #expect(database.configuration.isLocal)
        let name = try await database.query("SELECT current_database()::text")[0].decode(String.self)
        #expect(name.hasPrefix("hub_test_"))
        let templates = try await database.query("SELECT 1 FROM pg_database WHERE datname LIKE 'hub\\_template\\_%'")
        #expect(!templates.isEmpty)
    }
}
