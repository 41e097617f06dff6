import Postgres
import TestSupport
import Testing

@Suite(.database) struct ConnectionCopyTests {
    let database = TestDatabase.current.database

    private func line(_ number: Int) -> [UInt8] { Array("\(number)\t\(String(repeating: "é", count: 500))\n".utf8) }

    @Test func `rows go in and come out`() async throws {
        try await database.execute("CREATE TABLE a (n int, t text)")
        let taken = try await database.read { connection in
            try connection.copyIn("COPY a FROM STDIN", rows: (0..<2000).lazy.map(line))
        }
        #expect(taken == 2000)
        let read = try await database.read { connection in
            var rows: [[UInt8]] = []
            try connection.copyOut("COPY (SELECT * FROM a ORDER BY n) TO STDOUT") { rows.append($0) }
            return rows
        }
        #expect(read == (0..<2000).map(line))
    }

    @Test func `a row that the server refuses undoes all`() async throws {
        try await database.execute("CREATE TABLE a (n int, t text)")
        let error = try await #require(throws: PostgresError.self) {
            try await database.read { connection in
                let rows = [line(1), Array("not a number\tx\n".utf8), line(3)]
                try connection.copyIn("COPY a FROM STDIN", rows: rows, name: "load")
            }
        }
        #expect(error.state == .invalidTextRepresentation)
        #expect("\(error)" == "PostgreSQL: server 22P02 in load")
        #expect(try await database.query("SELECT n FROM a").isEmpty)
    }

    @Test func `an error of the reader stops the reading and keeps the connection`() async throws {
        struct Enough: Error {}
        let pool = TestDatabase.current.pool(connections: 1)
        let first = try await pool.query("SELECT pg_backend_pid()")[0].decode(Int.self)
        await #expect(throws: Enough.self) {
            try await pool.read { connection in
                try connection.copyOut("COPY (SELECT generate_series(1, 100000000)) TO STDOUT") { _ in throw Enough() }
            }
        }
        #expect(try await pool.query("SELECT pg_backend_pid()")[0].decode(Int.self) == first)
        await pool.close()
    }

    @Test func `a statement that is no COPY is refused`() async throws {
        await #expect(throws: PostgresError.self) {
            try await database.read { try $0.copyIn("SELECT 1", rows: []) }
        }
        await #expect(throws: PostgresError.self) {
            try await database.read { try $0.copyOut("COPY pg_class FROM STDIN") { _ in } }
        }
        #expect(try await database.query("SELECT 1")[0].decode(Int.self) == 1)
    }

    @Test func `empty loads and reads are loads and reads`() async throws {
        try await database.execute("CREATE TABLE a (n int)")
        let rows = try await database.read { connection in
            #expect(try connection.copyIn("COPY a FROM STDIN", rows: []) == 0)
            var rows = 0
            try connection.copyOut("COPY a TO STDOUT") { _ in rows += 1 }
            return rows
        }
        #expect(rows == 0)
    }
}
