import Glibc
package import Logging

/// A PostgreSQL server of the hub's own, made from the installed binaries, reachable by a socket in a private folder.
///
/// Nobody else can connect: there is no TCP port, the socket's folder is closed to others, and the server checks who is
/// at the other end (`peer`). Its log holds neither statements nor the details of errors, which would quote rows.
package struct PrivateCluster: Sendable {
    /// For the owner of everything, `hub`, and the database `hub`.
    package let connectionString: String

    private let server: ClusterServer
    /// Whether somebody else had started it.
    private let wasRunning: Bool
    private let logger: Logger

    /// Starts the cluster in `dataDirectory`, making it first if need be; takes over one that is running already.
    ///
    /// - Parameters:
    ///   - dataDirectory: an absolute path; made and owned by the server's user.
    ///   - socketDirectory: for the socket, 90 bytes at most. Defaults to `dataDirectory` with `-socket` at its end.
    ///   - durable: false for tests only: a crash of the machine may then lose and break everything.
    ///   - settings: of `postgresql.conf`, over those made here.
    package static func start(
        dataDirectory: String, socketDirectory: String? = nil, durable: Bool = true,
        settings: [String: String] = [:], logger: Logger
    ) async throws -> PrivateCluster {
        try await Program.onThread {
            let server = try ClusterServer(
                dataDirectory: dataDirectory, socketDirectory: socketDirectory ?? dataDirectory + "-socket",
                settings: defaults(durable: durable).merging(settings) { $1 })
            let wasRunning = try server.start()
            let cluster = PrivateCluster(
                connectionString: server.connectionString("hub"), server: server, wasRunning: wasRunning, logger: logger
            )
            try cluster.createDatabase()
            logger.info(
                wasRunning ? "private database found running" : "private database started",
                metadata: ["folder": "\(dataDirectory)"])
            return cluster
        }
    }

    /// Whether there is a cluster in `dataDirectory`, running or not.
    package static func exists(dataDirectory: String) -> Bool {
        access(dataDirectory + "/PG_VERSION", F_OK) == 0
    }

    /// How the cluster in `dataDirectory` is reached when it runs; starts nothing.
    package static func connectionString(dataDirectory: String) -> String {
        ClusterServer.connectionString(socketDirectory: dataDirectory + "-socket", database: "hub")
    }

    /// Stops the server, ending what runs; leaves it running when somebody else is connected. Close your own pools first.
    package func stop() async throws {
        try await Program.onThread {
            guard try !isUsed() else {
                logger.info("private database left running: it is in use")
                return
            }
            try server.stop(mode: "fast")
            logger.info("private database stopped")
        }
    }

    /// Stops the server at once and removes its folders when this process ends, even by a crash. For tests.
    package func removeAtExit() throws {
        try server.removeAtExit()
    }

    private static func defaults(durable: Bool) -> [String: String] {
        let always = [
            "listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "100",
            "logging_collector": "on", "log_directory": "log", "log_filename": "server-%a.log",
            "log_truncate_on_rotation": "on", "log_rotation_age": "1d", "log_rotation_size": "0",
            "log_error_verbosity": "terse", "log_min_error_statement": "panic",
            "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0",
        ]
        return always.merging(
            durable
                ? [
                    "shared_buffers": "\(sharedMebibytes(of: physicalMebibytes))MB",
                    // A checkpoint makes the log hold every page whole once more: rarely, while referrals pour in.
                    "max_wal_size": "4GB", "checkpoint_timeout": "15min",
                ] : ["fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"]
        ) { $1 }
    }

    /// How much memory the server shares among its connections, in MiB: an eighth of the machine's, from PostgreSQL's own
    /// default to 2 GiB. The hub and others need the rest; pages beyond it lie in the system's cache.
    package static func sharedMebibytes(of physical: Int) -> Int { min(max(physical / 8, 128), 2_048) }

    private static var physicalMebibytes: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) >> 20 }

    private func createDatabase() throws(PostgresError) {
        let connection = try connection()
        let exists = try connection.query("SELECT 1 FROM pg_database WHERE datname = 'hub'")
        if exists.isEmpty { try connection.execute("CREATE DATABASE hub") }
    }

    private func connection() throws(PostgresError) -> Connection {
        try Connection(.init(connectionString: server.connectionString("postgres")), canceller: .init())
    }

    /// Whether others are connected. Looks for a second, because a connection just closed still counts for a moment.
    private func isUsed() throws(PostgresError) -> Bool {
        let connection = try connection()
        // This process's own connections end a moment after they are closed. Who started the server waits for that; who
        // found it running most likely leaves it to somebody who still uses it.
        for _ in 0..<(wasRunning ? 10 : 100) {
            let others = try connection.query(
                """
                SELECT 1
                FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                """)
            if others.isEmpty { return false }
            usleep(10_000)
        }
        return true
    }
}
