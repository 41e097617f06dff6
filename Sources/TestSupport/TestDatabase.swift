package import Postgres

/// The database of the running test: its own, migrated, dropped when the test ends.
package struct TestDatabase: Sendable {
    package let database: Database

    /// For a connection or a process of the test's own.
    package let connectionString: String

    @TaskLocal static var leased: TestDatabase?

    /// The lease that ``DatabaseTrait`` took for this test.
    package static var current: TestDatabase {
        guard let leased else { preconditionFailure("the test or its suite needs the trait .database(…)") }
        return leased
    }

    /// Another pool on the same database, with other limits. The test closes it.
    package func pool(
        connections: Int = 2, _ change: (inout DatabaseConfiguration) -> Void = { _ in }
    ) -> Database {
        var configuration = DatabaseConfiguration(
            connectionString: connectionString, maximumConnections: connections)
        change(&configuration)
        return Database(configuration: configuration, logger: TestCluster.logger)
    }
}
