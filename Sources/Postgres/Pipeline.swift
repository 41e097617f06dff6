/// Statements gathered to be sent together.
package struct Pipeline: Sendable {
    private(set) var statements: [(sql: SQL, name: StaticString?)] = []

    package init() {}

    /// Adds a statement; its result stands at the same place among the results. `name` is for errors and metrics.
    package mutating func add(_ sql: SQL, name: StaticString? = nil) {
        statements.append((sql, name))
    }
}
