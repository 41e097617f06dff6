package import Postgres

extension PostgresError {
    /// Whether the failure proves that the statement changed nothing, so that a part of it may be tried again alone.
    ///
    /// Only an answer of the server about the statement itself does. A lost connection, a deadline or a shutdown (class
    /// 57) may have come after the commit.
    package var provesNoEffect: Bool {
        guard case .server = reason, let state else { return false }
        return state.category != "08" && state.category != "57"
    }
}
