import FoundationEssentials
import Glibc
import Logging
import Postgres

/// The server that all database tests of this process share, and the databases on it.
///
/// A set of migrations is applied once, to a template named by their hash; each test gets a clone of it, which costs
/// about as much as emptying every table would and isolates notifications and advisory locks too.
actor TestCluster {
    static let shared = TestCluster()

    /// Tests read what they assert on; a log of their provoked failures would only bury it.
    static let logger = Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Enough to keep every core busy, few enough that their pools stay below the server's 100 connections.
    private static let clones = 6

    private var administration: Task<Database, any Error>?
    private var templates: [String: Task<Void, any Error>] = [:]
    private var free = TestCluster.clones
    private var queue: [CheckedContinuation<Void, Never>] = []
    private var cloned = 0

    /// Lends `body` a fresh database.
    nonisolated func withDatabase(
        _ lines: [MigrationLine], _ body: (TestDatabase) async throws -> Void
    ) async throws {
        await takePlace()
        do {
            let (name, lease) = try await clone(lines)
            let result: Result<Void, any Error>
            do { result = .success(try await body(lease)) } catch { result = .failure(error) }
            await lease.database.close()
            try await drop(name)
            try result.get()
        } catch {
            await givePlace()
            throw error
        }
        await givePlace()
    }

    private func takePlace() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { queue.append($0) }
    }

    private func givePlace() {
        if queue.isEmpty { free += 1 } else { queue.removeFirst().resume() }
    }

    private func clone(_ lines: [MigrationLine]) async throws -> (name: String, TestDatabase) {
        let database = try await administrator()
        let template = Self.templateName(lines)
        try await prepare(template, lines, database)
        cloned += 1
        let name = "hub_test_\(getpid())_\(cloned)"
        try await database.execute(
            "CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template) STRATEGY file_copy")
        let configuration = try database.configuration.connecting(to: name)
        return (
            name,
            TestDatabase(
                database: Database(configuration: configuration, logger: Self.logger),
                connectionString: configuration.connectionString)
        )
    }

    /// The server looks only every 100 ms whether the last connection has gone, so this looks first.
    private func drop(_ name: String) async throws {
        let database = try await administrator()
        try? await eventually(within: .milliseconds(100)) {
            try await database.query("SELECT 1 FROM pg_stat_activity WHERE datname = \(name)").isEmpty
        }
        try await database.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
    }

    private func administrator() async throws -> Database {
        if let administration { return try await administration.value }
        let task = Task { try await Self.open() }
        administration = task
        return try await task.value
    }

    private static func open() async throws -> Database {
        var configuration: DatabaseConfiguration
        if let given = getenv("HUB_TEST_DATABASE") {
            configuration = DatabaseConfiguration(connectionString: String(cString: given))
            guard configuration.isLocal else { throw NotLocal() }
        } else {
            configuration = DatabaseConfiguration(connectionString: try await startCluster())
        }
        configuration = configuration.forAdministration
        configuration.maximumConnections = 4
        return Database(configuration: configuration, logger: logger)
    }

    private static func startCluster() async throws -> String {
        // Under /tmp and short, because a socket's path has at most 107 bytes.
        let folder = "/tmp/\(prefix)\(getpid())-\(String(UInt16.random(in: .min ... .max), radix: 16))"
        removeStale()
        let cluster = try await PrivateCluster.start(
            dataDirectory: folder, socketDirectory: folder + "-socket", durable: false, logger: logger)
        try cluster.removeAtExit()
        return cluster.connectionString
    }

    private static let prefix = "hub-test-"

    /// Removes what a test process left behind that ended together with its watcher.
    private static func removeStale() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? [] where name.hasPrefix(prefix) {
            let owner = name.dropFirst(prefix.count).prefix { $0.isNumber }
            guard let owner = Int32(owner), kill(owner, 0) != 0, errno == ESRCH else { continue }
            let lock = try? String(contentsOfFile: "/tmp/\(name)/postmaster.pid", encoding: .utf8)
            if let server = lock?.split(separator: "\n").first.flatMap({ Int32($0) }),
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(server)/cwd")) == "/tmp/\(name)"
            {
                kill(server, SIGQUIT)
            }
            try? FileManager.default.removeItem(atPath: "/tmp/\(name)")
        }
    }

    private func prepare(_ template: String, _ lines: [MigrationLine], _ database: Database) async throws {
        if let task = templates[template] { return try await task.value }
        let former = Array(templates.values)
        let task = Task {
            for task in former { _ = await task.result }  // one at a time: roles belong to the whole server
            try await Self.makeTemplate(template, lines, database)
        }
        templates[template] = task
        try await task.value
    }

    /// Made under another name and renamed when whole, so that a template of that name is always complete.
    private static func makeTemplate(
        _ template: String, _ lines: [MigrationLine], _ database: Database
    ) async throws {
        let exists = try await database.query("SELECT 1 FROM pg_database WHERE datname = \(template)")
        guard exists.isEmpty else { return }
        let draft = "\(template)_\(getpid())"
        try await database.execute("CREATE DATABASE \(identifier: draft) TEMPLATE template0")
        let pool = Database(configuration: try database.configuration.connecting(to: draft), logger: logger)
        if !lines.isEmpty { try await Migrator(lines: lines).migrate(pool, logger: logger) }
        await pool.close()
        do {
            try await database.execute("ALTER DATABASE \(identifier: draft) RENAME TO \(identifier: template)")
        } catch SQLState.duplicateDatabase {
            // Another test process, on the same server, was quicker.
            try await database.execute("DROP DATABASE \(identifier: draft) WITH (FORCE)")
        }
    }

    /// FNV-1a over all names and scripts.
    private static func templateName(_ lines: [MigrationLine]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for line in lines {
            for migration in line.migrations {
                for byte in "\(line.name)/\(migration.number)/\(migration.name)\n\(migration.sql)\n".utf8 {
                    hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
                }
            }
        }
        return "hub_template_" + String(hash, radix: 16)
    }

    private struct NotLocal: Error, CustomStringConvertible {
        let description = """
            HUB_TEST_DATABASE names another machine. The tests create and drop databases: name one on this machine
            """
    }
}
