import Postgres
import TestSupport
import Testing

@Suite(.database) struct ConnectionPipelineTests {
    let database = TestDatabase.current.database

    @Test func `a pipeline gives its results in order, many more than fit the buffers`() async throws {
        let results = try await database.pipeline { pipeline in
            for n in 0..<3000 { pipeline.add("SELECT \(n), repeat('x', 1000) || \("y")") }
        }
        #expect(try results.map { try $0[0].decode(Int.self, String.self).0 } == Array(0..<3000))
    }

    @Test func `an error in a pipeline undoes what came before and skips what comes after`() async throws {
        try await database.execute("CREATE TABLE a (n int PRIMARY KEY)")
        for _ in 1...3 {
            let error = try await #require(throws: PostgresError.self) {
                try await database.pipeline { pipeline in
                    pipeline.add("INSERT INTO a VALUES (\(1))", name: "first")
                    pipeline.add("INSERT INTO a VALUES (\(1))", name: "second")
                    pipeline.add("INSERT INTO a VALUES (\(3))", name: "third")
                }
            }
            #expect(error.state == .uniqueViolation)
            #expect(error.query?.description == "second")
        }
        #expect(try await database.query("SELECT n FROM a").isEmpty)
        let results = try await database.pipeline { pipeline in
            pipeline.add("INSERT INTO a VALUES (\(3))")
            pipeline.add("SELECT count(*) FROM a")
        }
        #expect(try results[1][0].decode(Int.self) == 1)
    }

    @Test func `a pipeline in a transaction is part of it`() async throws {
        try await database.execute("CREATE TABLE a (n int)")
        try await database.transaction { connection in
            var pipeline = Pipeline()
            for n in 1...3 { pipeline.add("INSERT INTO a VALUES (\(n))") }
            let results = try connection.pipeline(pipeline)
            #expect(results.map(\.affectedRows) == [1, 1, 1])
        }
        #expect(try await database.query("SELECT n FROM a").count == 3)
        #expect(try await database.pipeline { _ in }.isEmpty)
    }
}
