package import Postgres
package import Testing

/// Gives each test of a suite, or one test, a database of its own with these migrations applied.
///
///     @Suite(.database(QueueSchema.migrations)) struct ClaimTests {
///         let database = TestDatabase.current.database
///     }
///
/// The server is the one that `HUB_TEST_DATABASE` names, which must be on this machine, or else a private cluster that
/// lives as long as the test process. At most six tests hold a database at once; the rest wait.
package struct DatabaseTrait: SuiteTrait, TestTrait, TestScoping {
    package let lines: [MigrationLine]

    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await TestCluster.shared.withDatabase(lines) { database in
            try await TestDatabase.$leased.withValue(database) { try await function() }
        }
    }
}

extension Trait where Self == DatabaseTrait {
    /// An empty database.
    package static var database: DatabaseTrait { DatabaseTrait(lines: []) }

    /// A database with these migrations applied, in this order.
    package static func database(_ lines: MigrationLine...) -> DatabaseTrait { .database(lines) }

    /// A database with these migrations applied, in this order.
    package static func database(_ lines: [MigrationLine]) -> DatabaseTrait { DatabaseTrait(lines: lines) }
}
