import FoundationEssentials
import Glibc
import Postgres
import TestSupport
import Testing

/// Each test starts servers of its own, which takes a second or two.
struct PrivateClusterTests {
    /// A place for one cluster, removed afterwards.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/hub-cluster-\(getpid())-\(UInt16.random(in: .min ... .max))"
        defer {
            for suffix in ["", "-socket", ".new"] { try? FileManager.default.removeItem(atPath: folder + suffix) }
        }
        try await body(folder)
    }

    private func start(_ folder: String, durable: Bool = false) async throws -> PrivateCluster {
        try await PrivateCluster.start(dataDirectory: folder, durable: durable, logger: .silent)
    }

    @Test(arguments: [(physical: 512, shared: 128), (4_096, 512), (24_105, 2_048)])
    func `connections share an eighth of the machine's memory, within bounds`(physical: Int, shared: Int) {
        #expect(PrivateCluster.sharedMebibytes(of: physical) == shared)
    }

    private func process(in folder: String) throws -> Int32 {
        let text = try String(contentsOfFile: folder + "/postmaster.pid", encoding: .utf8)
        return try #require(text.split(separator: "\n").first.flatMap { Int32($0) })
    }

    @Test(.timeLimit(.minutes(1)))
    func `a cluster starts, keeps its data, and is closed to others`() async throws {
        try await withFolder { folder in
            var cluster = try await start(folder)
            var pool = Database(configuration: .init(connectionString: cluster.connectionString), logger: .silent)
            try await pool.execute("CREATE TABLE a AS SELECT 1 AS n")
            let settings = try await pool.query(
                """
                SELECT current_setting('listen_addresses'), current_setting('data_checksums'),
                       current_setting('log_min_error_statement'), current_setting('log_error_verbosity'),
                       current_user::text
                """)[0].decode(String.self, String.self, String.self, String.self, String.self)
            #expect(settings == ("", "on", "panic", "terse", "hub"))
            var status = stat()
            #expect(stat(folder + "-socket", &status) == 0 && status.st_mode & 0o777 == 0o700)
            await pool.close()
            try await cluster.stop()
            #expect(access(folder + "/postmaster.pid", F_OK) != 0)

            cluster = try await start(folder)
            pool = Database(configuration: .init(connectionString: cluster.connectionString), logger: .silent)
            #expect(try await pool.query("SELECT n FROM a")[0].decode(Int.self) == 1)
            await pool.close()
            try await cluster.stop()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a running cluster is taken over, and left running while another uses it`() async throws {
        try await withFolder { folder in
            let first = try await start(folder)
            let second = try await start(folder)
            let pool = Database(configuration: .init(connectionString: second.connectionString), logger: .silent)
            try await pool.execute("SELECT 1")
            try await first.stop()
            #expect(try await pool.query("SELECT 1").count == 1)
            await pool.close()
            try await eventually {
                try await second.stop()
                return access(folder + "/postmaster.pid", F_OK) != 0
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a pool lives through a server that goes away and comes back`() async throws {
        try await withFolder { folder in
            var cluster = try await start(folder, durable: true)
            let pool = Database(configuration: .init(connectionString: cluster.connectionString), logger: .silent)
            try await pool.execute("CREATE TABLE a AS SELECT 1 AS n")
            let sleeping = Task { try await pool.query("SELECT pg_sleep(60)") }
            try await eventually { pool.statistics.leased == 1 }
            kill(try process(in: folder), SIGKILL)
            let error = try await #require(throws: PostgresError.self) { try await sleeping.value }
            #expect(error.isRetryable)
            let waiting = Task { try await pool.query("SELECT n FROM a")[0].decode(Int.self) }
            try await eventually { pool.statistics.isFailing }
            // Over the stale postmaster.pid and the socket's lock file.
            cluster = try await start(folder, durable: true)
            #expect(try await waiting.value == 1)
            await pool.close()
            try await cluster.stop()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a process number that now belongs to somebody else is no server`() async throws {
        try await withFolder { folder in
            let cluster = try await start(folder)
            let lock = try String(contentsOfFile: folder + "/postmaster.pid", encoding: .utf8)
            try await cluster.stop()
            let rest = lock.split(separator: "\n", maxSplits: 1)[1]
            try Data("\(getppid())\n\(rest)".utf8).write(to: URL(filePath: folder + "/postmaster.pid"))
            try await start(folder).stop()
        }
    }

    @Test func `a socket's path that is too long is refused with the remedy`() async throws {
        let error = try await #require(throws: PrivateClusterError.self) {
            try await start("/tmp/" + String(repeating: "x", count: 100))
        }
        #expect("\(error)".contains("Name a shorter folder"))
    }

    @Test(.timeLimit(.minutes(1)))
    func `data of an unknown version is not touched`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data("9\n".utf8).write(to: URL(filePath: folder + "/PG_VERSION"))
            let error = try await #require(throws: PrivateClusterError.self) { try await start(folder) }
            #expect("\(error)".contains("PostgreSQL 9"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `folders that are not a cluster are not overwritten`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data("keep me".utf8).write(to: URL(filePath: folder + "/letter.txt"))
            await #expect(throws: PrivateClusterError.self) { try await start(folder) }
            #expect(try String(contentsOfFile: folder + "/letter.txt", encoding: .utf8) == "keep me")
        }
    }
}
