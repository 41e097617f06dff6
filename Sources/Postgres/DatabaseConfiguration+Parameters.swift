import CLibpq
import Glibc

extension DatabaseConfiguration {
    static var defaultConnections: Int { min(2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 16) }

    /// The same database by the role that logs in and without time limits: for migrations and other administration.
    package var forAdministration: DatabaseConfiguration {
        var copy = self
        copy.role = nil
        copy.statementTimeout = .zero
        copy.lockTimeout = .zero
        copy.idleInTransactionTimeout = .zero
        copy.maximumConnections = 1
        copy.plansByIndex = false
        return copy
    }

    /// The key words and values for `PQconnectdbParams`; what stands before `dbname` the connection string may override,
    /// what stands after it overrides the string.
    func parameters() throws(PostgresError) -> [(String, String)] {
        [
            ("connect_timeout", "10"),
            ("fallback_application_name", applicationName),
            ("dbname", connectionString),
            ("client_encoding", "UTF8"),
            ("options", ([try setting("options") ?? ""] + sessionOptions).joined(separator: " ")),
        ]
    }

    /// Sent with the start-up packet, so that no connection is ever without its limits.
    private var sessionOptions: [String] {
        var settings = [
            ("statement_timeout", statementTimeout.wholeMilliseconds),
            ("lock_timeout", lockTimeout.wholeMilliseconds),
            ("idle_in_transaction_session_timeout", idleInTransactionTimeout.wholeMilliseconds),
        ]
        if plansByIndex {
            settings.append(("plan_cache_mode", "force_generic_plan"))
            for way in ["seqscan", "bitmapscan", "hashjoin", "mergejoin"] { settings.append(("enable_\(way)", "off")) }
            // What is off counts as dear beyond measure where there is no other way, and what is dear is compiled first.
            settings.append(("jit", "off"))
        }
        if let role { settings.append(("role", role.rawValue)) }
        if let searchPath { settings.append(("search_path", searchPath)) }
        return settings.map { name, value in "-c \(name)=\(escaped(value))" }
    }

    /// `options` is split at white space; a backslash takes the next character as it is.
    private func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            if character.isWhitespace || character == "\\" { text.append("\\") }
            text.append(character)
        }
    }

    /// Whether every host named is this machine: a socket folder, `localhost` or a loopback address.
    package var isLocal: Bool {
        guard let fields = try? fields(), !fields.contains(where: { $0.name == "service" }) else { return false }
        let loopback: Set<Substring> = ["localhost", "127.0.0.1", "::1"]
        return fields.filter { $0.name == "host" || $0.name == "hostaddr" }
            .flatMap { $0.value.split(separator: ",") }
            .allSatisfy { $0.hasPrefix("/") || $0.hasPrefix("@") || loopback.contains($0) }
    }

    /// The same server, another database on it.
    package func connecting(to database: String) throws(PostgresError) -> DatabaseConfiguration {
        var copy = self
        copy.connectionString =
            try fields().filter { $0.name != "dbname" }
            .map { "\($0.name)=\(quoted($0.value))" }.joined(separator: " ") + " dbname=\(quoted(database))"
        return copy
    }

    private func quoted(_ value: String) -> String {
        "'" + value.reduce(into: "") { $0 += $1 == "'" || $1 == "\\" ? "\\\($1)" : String($1) } + "'"
    }

    /// What the connection string says for a key word; nil where it is silent.
    private func setting(_ name: String) throws(PostgresError) -> String? {
        try fields().first { $0.name == name }?.value
    }

    private func fields() throws(PostgresError) -> [(name: String, value: String)] {
        var problem: UnsafeMutablePointer<CChar>?
        defer { PQfreemem(problem) }
        guard let options = PQconninfoParse(connectionString, &problem) else {
            // libpq's message quotes the string, and that may hold a password.
            throw PostgresError(.connectionFailed, note: "the connection string cannot be read")
        }
        defer { PQconninfoFree(options) }
        var fields: [(String, String)] = []
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { fields.append((String(cString: keyword), String(cString: value))) }
            next += 1
        }
        return fields
    }
}

extension Duration {
    /// Rounded up, so that a short limit does not become none.
    fileprivate var wholeMilliseconds: String {
        let (seconds, attoseconds) = components
        return String(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
