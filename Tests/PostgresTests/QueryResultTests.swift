import Postgres
import TestSupport
import Testing

@Suite(.database) struct QueryResultTests {
    let database = TestDatabase.current.database

    @Test func `columns are read in order, by name, and as a whole`() async throws {
        let rows = try await database.query("SELECT n AS number, 'row ' || n AS title FROM generate_series(1, 3) n")
        #expect(rows.count == 3)
        #expect(try rows.map { try $0.decode(Int.self, String.self).1 } == ["row 1", "row 2", "row 3"])
        #expect(try rows.decode(Int.self, String.self).map(\.0) == [1, 2, 3])
        #expect(try rows[1].value("number", as: Int.self) == 2)
        #expect(try rows.last?.value("title") == "row 3")
    }

    @Test func `too few and too many types are refused, and so is an unknown name`() async throws {
        let row = try await database.query("SELECT 1, 2")[0]
        #expect(throws: PostgresError.self) { try row.decode(Int.self) }
        #expect(throws: PostgresError.self) { try row.decode(Int.self, Int.self, Int.self) }
        #expect(throws: PostgresError.self) { try row.value("absent", as: Int.self) }
    }

    @Test func `rows outlive their connection`() async throws {
        let pool = TestDatabase.current.pool()
        let row = try await pool.query("SELECT 'still here'")[0]
        await pool.close()
        #expect(try row.decode(String.self) == "still here")
    }

    @Test func `touched rows are counted`() async throws {
        let counts = try await database.read { connection in
            [
                try connection.execute("CREATE TEMPORARY TABLE t AS SELECT generate_series(1, 5) n"),
                try connection.execute("UPDATE t SET n = n WHERE n > \(2)"),
                try connection.execute("DELETE FROM t"),
                try connection.execute("SELECT 1 WHERE false"),
                try connection.execute("DROP TABLE t"),
            ]
        }
        #expect(counts == [5, 3, 5, 0, 0])
    }
}
