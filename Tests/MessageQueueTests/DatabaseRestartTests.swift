import Glibc
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

struct DatabaseRestartTests {
    @Test func `a database that restarts under load loses nothing and keeps each key's order`() async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let folder = "/tmp/hub-queue-\(getpid())"
        func start() async throws -> PrivateCluster {
            try await PrivateCluster.start(
                dataDirectory: folder, socketDirectory: folder + "-socket", durable: true, logger: logger)
        }
        var cluster = try await start()
        try cluster.removeAtExit()
        let database = Database(
            configuration: DatabaseConfiguration(connectionString: cluster.connectionString, maximumConnections: 6),
            logger: logger)
        try await Migrator(lines: [testRoles, QueueSchema.migrations]).migrate(database, logger: logger)
        var configuration = MessageQueue.Configuration()
        configuration.defaultPolicy.lease = .seconds(2)
        let queue = MessageQueue(database: database, node: "test", configuration: configuration)

        let handled = Mutex<[String: [Int]]>([:])
        let consumer = Consumer(queue: queue, name: "intake", concurrency: 4, batch: 16, poll: .milliseconds(50)) {
            lease in
            handled.withLock { $0[lease.key!, default: []].append(Int(lease.text)!) }
            return .done
        }
        let run = Task { try await consumer.run() }
        // Each producer enqueues under its own key until it has been told of success for each of its messages.
        let producers = (0..<4).map { producer in
            Task {
                var acknowledged: [Int] = []
                var number = 0
                while !Task.isCancelled {
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
        for _ in 0..<2 {
            let before = handled.withLock { $0.values.reduce(0) { $0 + $1.count } }
            try await eventually(within: .seconds(30)) {
                handled.withLock { $0.values.reduce(0) { $0 + $1.count } } > before + 200
            }
            try await cluster.stop()
            cluster = try await start()
        }
        let before = handled.withLock { $0.values.reduce(0) { $0 + $1.count } }
        try await eventually(within: .seconds(30)) {
            handled.withLock { $0.values.reduce(0) { $0 + $1.count } } > before + 200
        }
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
            let seen = handled.withLock { $0["k\(producer)"] ?? [] }
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
        try await cluster.stop()
    }
}
