import Logging
import Postgres

extension Logger {
    static let silent = Logger(label: "silent", factory: { _ in SwiftLogNoOpLogHandler() })
}

extension DatabaseConfiguration {
    /// A configuration for a server that is not there, with little patience.
    static func unreachable(_ connectionString: String) -> DatabaseConfiguration {
        var configuration = DatabaseConfiguration(connectionString: connectionString, maximumConnections: 1)
        configuration.waitTimeout = .milliseconds(200)
        return configuration
    }
}
