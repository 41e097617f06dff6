import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct QueueWakerTests {
    @Test func `an enqueue on one node wakes the consumer of another`() async throws {
        try await withQueue { here in
            let there = MessageQueue(database: here.database, node: "there")
            let count = Mutex(0)
            let consumer = Consumer(queue: there, name: "intake", concurrency: 1, batch: 1, poll: .seconds(3600)) { _ in
                count.withLock { $0 += 1 }
                return .done
            }
            let services = [
                Task { try await QueueWaker(queue: here).run() }, Task { try await QueueWaker(queue: there).run() },
                Task { try await consumer.run() },
            ]
            // Once both listen, which their first wake of all queues shows.
            try await eventually {
                try await TestDatabase.current.database.query(
                    "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                ).count == 2
            }
            for number in 1...3 {
                _ = try await here.enqueue(NewMessage("intake", "\(number)"))
                try await eventually { count.withLock { $0 } == number }
            }
            for service in services {
                service.cancel()
                try await service.value
            }
        }
    }

    @Test func `many enqueues are told at most once per interval`() async throws {
        try await withQueue { configuration in
            configuration.wakeInterval = .seconds(1)
        } _: { queue in
            let told = Mutex(0)
            let listener = queue.database.listen([QueueWaker.channel])
            let counting = Task {
                for await event in listener {
                    if case .notification(_, "intake") = event { told.withLock { $0 += 1 } }
                }
            }
            let waker = Task { try await QueueWaker(queue: queue).run() }
            try await eventually {
                try await TestDatabase.current.database.query(
                    "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                ).count == 2
            }
            let began = ContinuousClock.now
            while ContinuousClock.now - began < .milliseconds(400) {
                _ = try await queue.enqueue(NewMessage("intake", "x"))
            }
            try await eventually { told.withLock { $0 } > 0 }
            #expect(told.withLock { $0 } == 1)
            waker.cancel()
            try await waker.value
            counting.cancel()
        }
    }

    @Test(arguments: [true, false])
    func `a listener that hears nothing says so, and one that hears does not`(hears: Bool) async throws {
        let log = WarningLog()
        let database = TestDatabase.current.pool(connections: 2)
        // Another database stands for a pooler that takes the session away.
        let elsewhere = Database(
            configuration: try database.configuration.connecting(to: "postgres"), logger: log.logger)
        let queue = MessageQueue(database: database, node: "test", logger: log.logger)
        let waker = QueueWaker(
            queue: queue, listener: hears ? database : elsewhere, patience: hears ? .seconds(2) : .milliseconds(50))
        let run = Task { try await waker.run() }
        if hears {
            try await eventually { log.debugs > 0 || !log.warnings.isEmpty }
            #expect(log.warnings.isEmpty)
        } else {
            try await eventually { log.warnings.contains { $0.contains("the listener hears no notification") } }
        }
        run.cancel()
        try await run.value
        await elsewhere.close()
        await database.close()
    }
}

/// Keeps what is logged.
private final class WarningLog: LogHandler, Sendable {
    private struct State {
        var warnings: [String] = []
        var debugs = 0
    }

    private let state = Mutex(State())

    var logger: Logger { Logger(label: "test", factory: { _ in self }) }
    var warnings: [String] { state.withLock { $0.warnings } }
    var debugs: Int { state.withLock { $0.debugs } }

    var logLevel: Logger.Level {
        get { .debug }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        state.withLock {
            if event.level == .debug { $0.debugs += 1 }
            if event.level >= .warning { $0.warnings.append("\(event.message)") }
        }
    }
}
