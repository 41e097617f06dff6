import Logging
import MessageQueue
import Postgres
import Synchronization
import TestSupport
import Testing

extension Trait where Self == DatabaseTrait {
    /// A database with the queue's schema.
    static var queue: DatabaseTrait { .database(testRoles, QueueSchema.migrations) }
}

/// The role to which the schema grants. Roles belong to the whole server, so another database may have made it just
/// now.
let testRoles = MigrationLine(
    name: "roles",
    migrations: [
        Migration(
            number: 1, name: "hub_app",
            sql: """
                DO $$ BEGIN
                    CREATE ROLE hub_app NOLOGIN;
                EXCEPTION WHEN duplicate_object OR unique_violation THEN
                    NULL;
                END $$
                """)
    ])

/// Runs the body with a queue on the test's database, under the role that the hub has.
func withQueue(
    node: String = "test", connections: Int = 6, _ change: (inout MessageQueue.Configuration) -> Void = { _ in },
    _ body: (MessageQueue) async throws -> Void
) async throws {
    var configuration = MessageQueue.Configuration()
    configuration.defaultPolicy.backOff = BackOff(base: .milliseconds(1), cap: .milliseconds(2))
    change(&configuration)
    let database = TestDatabase.current.pool(connections: connections) { $0.role = DatabaseRole(rawValue: "hub_app") }
    do {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        try await body(MessageQueue(database: database, node: node, configuration: configuration, logger: logger))
    } catch {
        await database.close()
        throw error
    }
    await database.close()
}

extension NewMessage {
    /// A message whose payload is a text.
    init(
        _ queue: String = "intake", _ text: String, key: String? = nil, priority: Priority = .routine,
        notBefore: Timestamp? = nil, correlation: UUIDValue? = nil
    ) {
        self.init(
            queue: queue, key: key, payload: Array(text.utf8), priority: priority, notBefore: notBefore,
            correlation: correlation)
    }
}

extension Lease {
    /// The payload of a message made from a text.
    var text: String { String(decoding: payload, as: UTF8.self) }
}

extension MessageQueue {
    /// Lets every lease of the database run out, as if time had passed.
    func expireLeases() async throws {
        try await TestDatabase.current.database.execute(
            "UPDATE queue.state SET lease_until = now() WHERE lease_until IS NOT NULL")
    }

    /// Lets every wait be over, as if time had passed.
    func endWaits() async throws {
        try await TestDatabase.current.database.execute("UPDATE queue.state SET wait_until = now() WHERE shelf = 3")
    }

    /// Claims until something comes; a claim may find that leases were lost before it can give the messages out again.
    func claimEventually(_ queue: String, limit: Int) async throws -> [Lease] {
        var leases: [Lease] = []
        try await eventually {
            leases = try await claim(queue, limit: limit)
            return !leases.isEmpty
        }
        return leases
    }

    /// How one queue stands.
    func statistics(of queue: String) async throws -> QueueStatistics {
        try #require(try await statistics().first { $0.queue == queue })
    }
}

/// A transaction that stays open while the test does other things.
struct OpenTransaction {
    private final class Progress: Sendable {
        let hasBegun = Atomic(false)
        let mayEnd = Atomic(false)
    }

    private let progress = Progress()
    private let task: Task<Void, any Error>

    /// Begins a transaction and returns when `body` has run in it.
    init(
        on database: Database, isolation: Isolation = .readCommitted,
        _ body: @escaping @Sendable (Connection) throws -> Void
    ) async throws {
        task = Task { [progress] in
            try await database.transaction(isolation: isolation) { connection in
                try body(connection)
                progress.hasBegun.store(true, ordering: .releasing)
                // Ends by itself in the end: a test that fails before it commits must not wait for ever when it closes
                // the pool.
                let limit = ContinuousClock.now + .seconds(60)
                while !progress.mayEnd.load(ordering: .acquiring), ContinuousClock.now < limit {
                    try connection.execute("SELECT pg_sleep(0.001)")
                }
            }
        }
        try await eventually { progress.hasBegun.load(ordering: .acquiring) }
    }

    /// Lets the transaction commit and waits for it.
    func commit() async throws {
        progress.mayEnd.store(true, ordering: .releasing)
        try await task.value
    }
}

/// Something that tasks tell each other once.
final class Flag: Sendable {
    let isSet = Atomic(false)
}

/// Waits until somebody waits for an order lock.
func someoneWaitsForAKey() async throws {
    try await eventually {
        try await TestDatabase.current.database.query(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ).count > 0
    }
}

/// Pages that a statement touches, without those of its planning; it is carried out.
func buffers(of statement: SQL) async throws -> Int {
    try await TestDatabase.current.database.transaction { connection in
        for name in ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"] {
            try connection.execute("SELECT set_config(\(name), 'off', true)")
        }
        let plan = try connection.query("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) \(statement)")
            .map { try $0.decode(String.self) }
        guard let line = plan.first(where: { $0.contains("Buffers:") }) else { return 0 }
        // The first line is the topmost node's, which counts what those below it touched.
        return line.split(separator: " ").filter { $0.hasPrefix("hit=") || $0.hasPrefix("read=") }
            .compactMap { Int($0.drop { $0 != "=" }.dropFirst()) }.reduce(0, +)
    }
}
