import Glibc
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

/// `HUB_QUEUE_CRASHES` says how often the server is killed, twice unless said otherwise.
struct DatabaseRestartTests {
    @Test func `a database that restarts under load loses nothing and keeps each key's order`() async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let folder = "/tmp/hub-queue-\(getpid())"
        func start() async throws -> PrivateCluster {
            let cluster = try await PrivateCluster.start(
                dataDirectory: folder, socketDirectory: folder + "-socket", durable: true, logger: logger)
            try cluster.removeAtExit()
            return cluster
        }
        let cluster = try await start()
        let database = Database(
            configuration: DatabaseConfiguration(connectionString: cluster.connectionString, maximumConnections: 6),
            logger: logger)
        try await Migrator(lines: [testRoles, QueueSchema.migrations]).migrate(database, logger: logger)
        var configuration = MessageQueue.Configuration()
        configuration.defaultPolicy.lease = .seconds(2)
        let queue = MessageQueue(database: database, node: "test", configuration: configuration)

        let handled = Handled()
        let consumer = Consumer(queue: queue, name: "intake", concurrency: 4, batch: 16, poll: .milliseconds(50)) {
            lease in
            handled.add(Int(lease.text)!, key: lease.key!)
            return .done
        }
        let run = Task { try await consumer.run() }
        // Each producer enqueues under a key of its own and remembers which messages it was told are safe.
        let producers = (0..<4).map { producer in
            Task {
                var acknowledged: [Int] = []
                var number = 0
                while !Task.isCancelled {
                    // Not far ahead of the consumer, so that what is left in the end is soon dealt with.
                    try? await eventually(within: .seconds(60)) {
                        Task.isCancelled || number - handled.numbers(key: "k\(producer)").count < 100
                    }
                    number += 1
                    do {
                        _ = try await queue.enqueue(NewMessage("intake", "\(number)", key: "k\(producer)"))
                        acknowledged.append(number)
                    } catch is PostgresError {
                        continue
                    } catch is CancellationError {
                        break
                    }
                }
                return acknowledged
            }
        }
        func handleMore() async throws {
            let before = handled.count
            try await eventually(within: .seconds(30)) { handled.count > before + 200 }
        }
        // Told to go, told to stop at once (manual, "Shutting Down the Server"), and killed.
        let crashes = getenv("HUB_QUEUE_CRASHES").flatMap { Int(String(cString: $0)) } ?? 2
        for signal in [SIGINT, SIGQUIT] + Array(repeating: SIGKILL, count: crashes) {
            try await handleMore()
            try await end(serverIn: folder, by: signal)
            // Those that served its connections go when they notice, and a new server waits for that.
            try await eventually(within: .seconds(30)) { (try? await start()) != nil }
        }
        try await handleMore()
        for producer in producers { producer.cancel() }
        var acknowledged: [[Int]] = []
        for producer in producers { acknowledged.append(try await producer.value) }
        try await eventually(within: .seconds(30)) {
            let statistics = try await queue.statistics(of: "intake")
            return statistics.ready + statistics.leased + statistics.delayed == 0
        }
        run.cancel()
        try await run.value
        for (producer, numbers) in acknowledged.enumerated() {
            let seen = handled.numbers(key: "k\(producer)")
            #expect(Set(numbers).subtracting(seen).isEmpty)
            // A message in hand at a restart may come twice; it may not come after a later one has.
            var highest = 0
            for number in seen {
                #expect(number >= highest)
                highest = max(highest, number)
            }
        }
        #expect(try await queue.deadLetters(DeadLetterSelection()).isEmpty)
        await database.close()
    }

    /// Signals the server in this data folder and returns when it is gone.
    private func end(serverIn folder: String, by signal: Int32) async throws {
        let file = try #require(fopen(folder + "/postmaster.pid", "r"))
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        let read = fgets(&line, 32, file)
        let pid = try #require(read.flatMap { Int32(String(cString: $0).prefix(while: \.isNumber)) })
        #expect(kill(pid, signal) == 0)
        try await eventually { kill(pid, 0) != 0 }
    }
}

/// The messages handled, by key, in order.
private final class Handled: Sendable {
    private let state = Mutex<[String: [Int]]>([:])

    var count: Int { state.withLock { $0.values.reduce(0) { $0 + $1.count } } }
    func add(_ number: Int, key: String) { state.withLock { $0[key, default: []].append(number) } }
    func numbers(key: String) -> [Int] { state.withLock { $0[key] ?? [] } }
}
