/// What went wrong between the hub and PostgreSQL.
///
/// `description` is safe to log: a reason, the SQLSTATE and the query's name, never a value of a row; for a connection
/// that could not be made also why, which names host, user and database. The server's message and DETAIL about a
/// statement, which quote rows, are in `debugDescription` only. Swift prints the *debug* form of an error
/// inside an optional, an array or another value, so log `"\(error)"` and no container of it.
package struct PostgresError: Error, Sendable {
    /// The kind of failure, for `switch` and for metrics.
    package enum Reason: String, Sendable {
        /// The server answered with an error; `state` says which.
        case server
        /// No connection could be made.
        case connectionFailed = "connection failed"
        /// The connection broke while in use; what it was doing may or may not have taken effect.
        case connectionLost = "connection lost"
        /// The statement ran past its deadline and was cancelled.
        case deadlineExceeded = "deadline exceeded"
        /// The task was cancelled, and with it the statement.
        case cancelled
        /// As many callers wait for a connection as may.
        case poolExhausted = "pool exhausted"
        /// No connection came free in time.
        case waitTimedOut = "no connection in time"
        /// The database was closed.
        case closed
        /// A column does not read as the type asked for.
        case decoding
        /// A statement had failed, the failure was swallowed, and the transaction cannot commit.
        case transactionAborted = "transaction aborted"
        /// A statement of a kind that this call does not serve.
        case misuse
    }

    package let reason: Reason

    /// What the server said, when it was the server that said it.
    package let report: ServerReport?

    /// The name that the caller gave to the query.
    package internal(set) var query: StaticString?

    /// More for a person at a debugger; may hold what the library said of the connection.
    let note: String?

    init(_ reason: Reason, report: ServerReport? = nil, query: StaticString? = nil, note: String? = nil) {
        self.reason = reason
        self.report = report
        self.query = query
        self.note = note
    }

    package var state: SQLState? { report?.state }

    /// The constraint that refused a row.
    package var constraint: String? { report?.constraint }

    /// Whether the same work, begun again, may well succeed.
    package var isRetryable: Bool {
        switch reason {
        case .server: report?.state?.isRetryable ?? false
        case .connectionFailed, .connectionLost, .deadlineExceeded, .poolExhausted, .waitTimedOut: true
        case .cancelled, .closed, .decoding, .transactionAborted, .misuse: false
        }
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var text = "PostgreSQL: " + reason.rawValue
        if let state { text += " " + state.rawValue }
        if let query { text += " in " + query.description }
        if case .connectionFailed = reason, let note { text += ": " + note }
        return text
    }

    package var debugDescription: String {
        ([description] + (reason == .connectionFailed ? [] : [note]).compactMap { $0 }
            + [report?.debugDescription].compactMap { $0 }).joined(separator: "; ")
    }
}

/// The fields of an error report by the server (manual, "Error and Notice Message Fields").
package final class ServerReport: Sendable, CustomDebugStringConvertible {
    package let state: SQLState?
    package let severity: String?
    package let message: String?
    package let detail: String?
    package let hint: String?
    package let schema: String?
    package let table: String?
    package let column: String?
    package let constraint: String?
    /// Where in the statement's text, in characters from 1.
    package let position: String?

    init(field: (ServerReport.Field) -> String?) {
        state = field(.state).map(SQLState.init)
        severity = field(.severity)
        message = field(.message)
        detail = field(.detail)
        hint = field(.hint)
        schema = field(.schema)
        table = field(.table)
        column = field(.column)
        constraint = field(.constraint)
        position = field(.position)
    }

    /// The code of each field in the protocol.
    enum Field: Unicode.Scalar {
        case severity = "V"
        case state = "C"
        case message = "M"
        case detail = "D"
        case hint = "H"
        case position = "P"
        case schema = "s"
        case table = "t"
        case column = "c"
        case constraint = "n"

        var code: Int32 { Int32(rawValue.value) }
    }

    package var debugDescription: String {
        let fields: [(String, String?)] = [
            ("severity", severity), ("message", message), ("detail", detail), ("hint", hint), ("schema", schema),
            ("table", table), ("column", column), ("constraint", constraint), ("position", position),
        ]
        return fields.compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: "; ")
    }
}
