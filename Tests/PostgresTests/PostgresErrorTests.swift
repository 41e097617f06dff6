import Postgres
import TestSupport
import Testing

@Suite(.database) struct PostgresErrorTests {
    let database = TestDatabase.current.database

    @Test func `an error says its code and its query and no value of the row`() async throws {
        try await database.execute("CREATE TABLE person (name text CONSTRAINT person_name_key UNIQUE)")
        try await database.execute("INSERT INTO person VALUES (\("Zebedee Testcase"))")
        let error = try await #require(throws: PostgresError.self) {
            try await database.execute("INSERT INTO person VALUES (\("Zebedee Testcase"))", name: "person.insert")
        }
        #expect("\(error)" == "PostgreSQL: server 23505 in person.insert")
        #expect(error.debugDescription.contains("Zebedee Testcase"))
        #expect(error.constraint == "person_name_key")
        #expect(error.report?.table == "person")
        #expect(!error.isRetryable)
    }

    @Test func `a message that quotes the value does not leak it either`() async throws {
        let error = try await #require(throws: PostgresError.self) {
            try await database.query("SELECT \("Zebedee")::integer", name: "cast")
        }
        #expect(error.state == .invalidTextRepresentation)
        #expect(!"\(error)".contains("Zebedee"))
    }

    @Test func `catch names a state`() async throws {
        do {
            try await database.execute("SELECT 1 / \(0)")
            Issue.record("nothing was thrown")
        } catch SQLState.divisionByZero {}
    }

    @Test func `a connection that cannot be made says why, without the password`() async throws {
        let database = Database(
            configuration: .unreachable("host=/nonexistent user=nobody password=swordfish"), logger: .silent)
        let error = try await #require(throws: PostgresError.self) { try await database.execute("SELECT 1") }
        #expect(error.reason == .connectionFailed)
        #expect("\(error)".contains("/nonexistent"))
        #expect(!error.debugDescription.contains("swordfish"))
        #expect(error.isRetryable)
    }

    @Test func `a connection string that cannot be read is not quoted`() async throws {
        let database = Database(
            configuration: .unreachable("postgresql://hub:swordfish@localhost:port/hub?x"), logger: .silent)
        let error = try await #require(throws: PostgresError.self) { try await database.execute("SELECT 1") }
        #expect(!error.debugDescription.contains("swordfish"))
    }

    @Test(arguments: [
        (SQLState.serializationFailure, true), (.deadlockDetected, true), (.lockNotAvailable, true),
        (.connectionFailure, true), (.adminShutdown, true), (.readOnlyTransaction, true), (.uniqueViolation, false),
        (.syntaxError, false), (.queryCanceled, false), (.tooManyConnections, true), (.diskFull, true),
    ])
    func `which states are worth another attempt`(state: SQLState, isRetryable: Bool) {
        #expect(state.isRetryable == isRetryable)
    }
}
