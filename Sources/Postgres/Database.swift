package import Logging

/// A database, reached through a bounded pool of connections.
///
/// Work is given as a synchronous closure over a ``Connection``: no network call can be awaited while it runs, so none
/// can happen under a row lock. Cancelling the task cancels the statement and throws `CancellationError`.
///
///     try await database.transaction { connection in
///         let rows = try connection.query("SELECT id FROM message WHERE key = \(key) FOR UPDATE", name: "message.lock")
///         …
///     }
package struct Database: Sendable {
    private let pool: ConnectionPool
    private let logger: Logger
    /// What its statements run as; nil for the role that logs in.
    package private(set) var role: DatabaseRole?

    /// Opens nothing yet: connections are made when they are wanted.
    package init(configuration: DatabaseConfiguration, logger: Logger) {
        pool = ConnectionPool(configuration, logger)
        self.logger = logger
        role = configuration.role
    }

    /// The same database over the same pool, whose statements run as another role.
    ///
    /// A connection keeps the role that it took last, and a caller is lent one that has its role where one is idle; else a
    /// connection changes its role by one statement first. One that cannot is closed, and the caller told.
    package func acting(as role: DatabaseRole) -> Database {
        var copy = self
        copy.role = role
        return copy
    }

    /// How the database is reached by a connection outside the pool that acts as this one.
    package var configuration: DatabaseConfiguration {
        var configuration = pool.configuration
        configuration.role = role
        return configuration
    }

    /// How the pool stands.
    package var statistics: PoolStatistics { pool.statistics }

    /// Runs `body` with a connection and no transaction around it: each statement commits by itself.
    ///
    /// For reading, and for single statements that write. A transaction that `body` leaves open is undone.
    @discardableResult
    package func read<T: Sendable>(_ body: @Sendable (Connection) throws -> T) async throws -> T {
        try await pool.withSession(as: role, body)
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws.
    @discardableResult
    package func transaction<T: Sendable>(
        isolation: Isolation = .readCommitted, _ body: @Sendable (Connection) throws -> T
    ) async throws -> T {
        try await pool.withSession(as: role) { connection in try connection.transaction(isolation, body) }
    }

    /// Runs one statement, which commits by itself.
    package func query(_ sql: SQL, name: StaticString? = nil, deadline: Duration? = nil) async throws -> QueryResult {
        try await pool.withSession(as: role) { try $0.query(sql, name: name, deadline: deadline) }
    }

    /// Runs one statement, which commits by itself, and returns how many rows it touched.
    @discardableResult
    package func execute(_ sql: SQL, name: StaticString? = nil, deadline: Duration? = nil) async throws -> Int {
        try await pool.withSession(as: role) { try $0.execute(sql, name: name, deadline: deadline) }
    }

    /// Sends the statements that `body` adds in one round trip and one transaction, and returns their results in order.
    package func pipeline(_ body: @Sendable (inout Pipeline) throws -> Void) async throws -> [QueryResult] {
        var pipeline = Pipeline()
        try body(&pipeline)
        return try await pool.withSession(as: role) { [pipeline] in try $0.pipeline(pipeline) }
    }

    /// Runs `body` on the thread of a connection and returns at once: for work that serves many callers and so belongs to
    /// no task. No cancellation reaches it. Without a connection, `body` is told why.
    ///
    /// - Parameter after: runs when the connection is back in the pool, on some thread that it must not hold up.
    package func post(
        _ body: @escaping @Sendable (Result<Connection, any Error>) -> Void, after: @escaping @Sendable () -> Void
    ) {
        pool.post(as: role, body, after: after)
    }

    /// Whether somebody waits for a connection: whoever holds one for long then gives it back.
    package var isWaitedFor: Bool { pool.isWaitedFor }

    /// Notifications on these channels, by a connection of their own outside the pool.
    package func listen(_ channels: [String]) -> Listener {
        Listener(configuration, channels, logger)
    }

    /// Refuses new work, waits for what is running, and closes every connection, whatever it acts as.
    package func close() async {
        await pool.close()
    }
}
