import Postgres

/// Makes the planner reach `queue.state` by index and nested loop only, and plan once per connection.
///
/// The table's size changes faster than its statistics. A generic plan made while it was empty would scan it whole, and
/// would be kept while a backlog builds up; autovacuum corrects the statistics a minute later at best. PostgreSQL has
/// no hints, but settings at the time of planning decide as well, and a cached plan outlives them.
enum PlannerSettings {
    private static let indexed: SQL =
        """
        SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
            set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
            set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)
        """

    private static let usual: SQL =
        """
        SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'on', true),
            set_config('enable_bitmapscan', 'on', true), set_config('enable_hashjoin', 'on', true),
            set_config('enable_mergejoin', 'on', true), set_config('jit', 'on', true)
        """

    /// Runs the statements in one round trip and one transaction of their own, and returns their results.
    static func run(_ statements: [(SQL, StaticString)], on database: Database) async throws -> [QueryResult] {
        try await database.read { try run(statements, alone: $0) }
    }

    /// ``run(_:on:)`` on a connection that is in no transaction.
    static func run(_ statements: [(SQL, StaticString)], alone connection: Connection) throws -> [QueryResult] {
        if connection.plansByIndex { return try connection.pipeline(bare(statements)) }
        return Array(try connection.pipeline(pipeline(statements)).dropFirst())
    }

    /// Runs the statements in one round trip within the caller's transaction, whose later statements are planned as
    /// usual again.
    ///
    /// - Throws: ``QueueError/isolation(_:)`` if the transaction looks at one snapshot throughout: under the order
    ///   locks, each statement must see what was committed before it
    static func run(_ statements: [(SQL, StaticString)], in connection: Connection) throws -> [QueryResult] {
        guard connection.isolation == .readCommitted else {
            throw QueueError.isolation(connection.isolation?.description ?? "not begun")
        }
        if connection.plansByIndex { return try connection.pipeline(bare(statements)) }
        var pipeline = pipeline(statements)
        pipeline.add(usual, name: "queue.settings")
        return Array(try connection.pipeline(pipeline).dropFirst().dropLast())
    }

    private static func bare(_ statements: [(SQL, StaticString)]) -> Pipeline {
        var pipeline = Pipeline()
        for (sql, name) in statements { pipeline.add(sql, name: name) }
        return pipeline
    }

    private static func pipeline(_ statements: [(SQL, StaticString)]) -> Pipeline {
        var pipeline = Pipeline()
        pipeline.add(indexed, name: "queue.settings")
        for (sql, name) in statements { pipeline.add(sql, name: name) }
        return pipeline
    }
}
