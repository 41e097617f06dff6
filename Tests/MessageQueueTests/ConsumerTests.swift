import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct ConsumerTests {
    /// What handlers saw, in order.
    final class Log: Sendable {
        private let state = Mutex<[String]>([])
        var texts: [String] { state.withLock { $0 } }
        func add(_ text: String) { state.withLock { $0.append(text) } }
    }

    @Test func `every message is handled and acknowledged`() async throws {
        try await withQueue { queue in
            let log = Log()
            _ = try await queue.enqueue((0..<500).map { NewMessage("intake", "\($0)") })
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 8, batch: 64) { lease in
                log.add(lease.text)
                return .done
            }
            let run = Task { try await consumer.run() }
            try await eventually { try await queue.isDrained("intake") }
            run.cancel()
            try await run.value
            #expect(log.texts.sorted() == (0..<500).map { "\($0)" }.sorted())
        }
    }

    @Test func `a waiting consumer is woken by an enqueue in its process`() async throws {
        try await withQueue { queue in
            let log = Log()
            // It would look by itself only after an hour.
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 1, batch: 1, poll: .seconds(3600)) {
                lease in
                log.add(lease.text)
                return .done
            }
            let run = Task { try await consumer.run() }
            for number in 0..<5 {
                _ = try await queue.enqueue(NewMessage("intake", "\(number)"))
                try await eventually { log.texts.count == number + 1 }
            }
            run.cancel()
            try await run.value
        }
    }

    @Test func `an enqueue on another node is found by the poll alone`() async throws {
        try await withQueue { queue in
            let log = Log()
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 1, batch: 1, poll: .milliseconds(20)) {
                lease in
                log.add(lease.text)
                return .done
            }
            let run = Task { try await consumer.run() }
            let other = MessageQueue(database: queue.database, node: "other")
            _ = try await other.enqueue(NewMessage("intake", "1"))
            try await eventually { log.texts == ["1"] }
            run.cancel()
            try await run.value
        }
    }

    @Test func `order within each key holds with many producers and two consumers, retries and lost leases`()
        async throws
    {
        try await withQueue(connections: 10) { configuration in
            configuration.defaultPolicy = QueuePolicy(
                maximumAttempts: 100, maximumLost: 100, backOff: BackOff(base: .milliseconds(1), cap: .milliseconds(5)),
                lease: .seconds(20))
        } _: { queue in
            let (producers, messages, keys) = (8, 60, 12)
            // Enqueued by commit order: what the database says, not what producers believe.
            let handled = Mutex<[String: [Int64]]>([:])
            let active = Mutex<Set<String>>([])
            let overlaps = Mutex(0)
            let node = MessageQueue(database: queue.database, node: "second", configuration: queue.configuration)
            let runs = [queue, node].map { queue in
                let consumer = Consumer(
                    queue: queue, name: "intake", concurrency: 6, batch: 10, pace: .milliseconds(1),
                    poll: .milliseconds(10)
                ) { lease in
                    let key = lease.key!
                    if !active.withLock({ $0.insert(key).inserted }) { overlaps.withLock { $0 += 1 } }
                    await Task.yield()
                    defer { _ = active.withLock { $0.remove(key) } }
                    // Every fifth attempt fails.
                    if Int.random(in: 0..<5) == 0 { return .retry(Cause(code: "chance")) }
                    handled.withLock { $0[key, default: []].append(lease.messageID.rawValue) }
                    return .done
                }
                return Task { try await consumer.run() }
            }
            let committed = try await withThrowingTaskGroup(of: [String: [Int64]].self) { group in
                for producer in 0..<producers {
                    group.addTask {
                        var mine: [String: [Int64]] = [:]
                        for number in 0..<messages {
                            let key = "k\((producer + number) % keys)"
                            let id: MessageID
                            if number % 3 == 0 {
                                id = try await queue.database.transaction { connection in
                                    let ids = try queue.enqueue([NewMessage("intake", "x", key: key)], in: connection)
                                    try connection.execute("SELECT pg_sleep(random() / 500)")
                                    return ids[0]
                                }
                                queue.wake("intake")
                            } else {
                                id = try await queue.enqueue(
                                    NewMessage("intake", "x", key: key, priority: Priority.allCases.randomElement()!))
                            }
                            mine[key, default: []].append(id.rawValue)
                        }
                        return mine
                    }
                }
                return try await group.reduce(into: [String: [Int64]]()) { $0.merge($1, uniquingKeysWith: +) }
            }
            try await eventually(within: .seconds(30)) { try await queue.isDrained("intake") }
            for run in runs { run.cancel() }
            for run in runs { try await run.value }
            let order = handled.withLock { $0 }
            #expect(order.values.reduce(0) { $0 + $1.count } == producers * messages)
            for (key, ids) in order {
                // Places rise in the order of commits, which the order tests of the enqueue prove.
                #expect(ids == ids.sorted())
                #expect(ids == committed[key]?.sorted())
            }
            #expect(overlaps.withLock { $0 } == 0)
            #expect(try await queue.check().isEmpty)
        }
    }

    @Test func `outcomes reach the message`() async throws {
        try await withQueue { queue in
            let ids = try await queue.enqueue(["done", "retry", "dead", "own"].map { NewMessage("intake", $0) })
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 4, batch: 4) { lease in
                switch lease.text {
                case "retry": return lease.attempt < 3 ? .retry(Cause(code: "again")) : .done
                case "dead": return .deadLetter(Cause(code: "hopeless"))
                case "own":
                    let settled = try? await queue.database.transaction { try queue.acknowledge(lease, in: $0) }
                    return settled == true ? .acknowledged : .retry(Cause(code: "lost"))
                default: return .done
                }
            }
            let run = Task { try await consumer.run() }
            try await eventually { try await queue.isDrained("intake") }
            run.cancel()
            try await run.value
            let events = try await ids.asyncMap { try await queue.history(of: $0).map(\.event) }
            #expect(events[0] == [.enqueued, .acknowledged])
            #expect(events[1] == [.enqueued, .retried, .retried, .acknowledged])
            #expect(events[2] == [.enqueued, .deadLettered])
            #expect(events[3] == [.enqueued, .acknowledged])
        }
    }

    @Test func `long handlers keep their leases`() async throws {
        try await withQueue { configuration in
            configuration.defaultPolicy.lease = .seconds(1)
        } _: { queue in
            let log = Log()
            let mayEnd = Atomic(false)
            _ = try await queue.enqueue([NewMessage("intake", "1"), NewMessage("intake", "2")])
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 1, batch: 2) { lease in
                log.add(lease.text)
                try? await eventually(within: .seconds(20)) { mayEnd.load(ordering: .acquiring) }
                return .done
            }
            let run = Task { try await consumer.run() }
            let began = ContinuousClock.now
            try await eventually { log.texts == ["1"] && ContinuousClock.now - began > .seconds(3) }
            #expect(try await queue.claim("intake", limit: 9).isEmpty)
            mayEnd.store(true, ordering: .releasing)
            try await eventually { try await queue.isDrained("intake") }
            run.cancel()
            try await run.value
            #expect(log.texts == ["1", "2"])
        }
    }

    @Test func `a graceful stop finishes what runs, gives back the rest, and returns`() async throws {
        try await withQueue { queue in
            let log = Log()
            let mayEnd = Atomic(false)
            _ = try await queue.enqueue((0..<10).map { NewMessage("intake", "\($0)") })
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 2, batch: 10) { lease in
                log.add(lease.text)
                try? await eventually { mayEnd.load(ordering: .acquiring) }
                // A cancelled handler would fail here.
                return Task.isCancelled ? .retry(Cause(code: "cancelled")) : .done
            }
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let group = ServiceGroup(services: [consumer], logger: logger)
            let run = Task { try await group.run() }
            try await eventually { log.texts.count == 2 }
            await group.triggerGracefulShutdown()
            try await eventually { try await queue.statistics(of: "intake").ready == 8 }
            mayEnd.store(true, ordering: .releasing)
            try await run.value
            let statistics = try await queue.statistics(of: "intake")
            #expect([statistics.ready, statistics.leased, statistics.delayed] == [8, 0, 0])
            #expect(log.texts.count == 2)
            #expect(try await queue.claim("intake", limit: 9).allSatisfy { $0.attempt == 1 && !$0.isSuspect })
        }
    }

    @Test func `cancelling the task is a graceful stop as well`() async throws {
        try await withQueue { queue in
            let log = Log()
            _ = try await queue.enqueue((0..<300).map { NewMessage("intake", "\($0)") })
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 4, batch: 20) { lease in
                log.add(lease.text)
                await Task.yield()
                return .done
            }
            let run = Task { try await consumer.run() }
            try await eventually { log.texts.count > 30 }
            run.cancel()
            try await run.value
            let statistics = try await queue.statistics(of: "intake")
            #expect(statistics.leased == 0)
            #expect(statistics.ready == 300 - log.texts.count)
        }
    }

    @Test func `a consumer lives through the loss of its connections`() async throws {
        try await withQueue { queue in
            let log = Log()
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 4, batch: 10, poll: .milliseconds(20)) {
                lease in
                log.add(lease.text)
                return .done
            }
            let run = Task { try await consumer.run() }
            for round in 0..<5 {
                _ = try await TestDatabase.current.database.query(
                    """
                    SELECT pg_terminate_backend(pid)
                    FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()
                    """
                )
                try await eventually {
                    (try? await queue.enqueue((0..<20).map { NewMessage("intake", "\(round)/\($0)") })) != nil
                }
            }
            try await eventually(within: .seconds(40)) { try await queue.isDrained("intake") }
            run.cancel()
            try await run.value
            #expect(Set(log.texts).count == 100)
        }
    }

    @Test func `two messages of a key that come together again are not run together`() async throws {
        try await withQueue { configuration in
            configuration.defaultPolicy.lease = .milliseconds(150)
            configuration.defaultPolicy.maximumLost = 100
        } _: { queue in
            let running = Mutex((now: 0, most: 0))
            let mayEnd = Atomic(false)
            let first = Atomic(true)
            _ = try await queue.enqueue(NewMessage("intake", "1", key: "k"))
            let consumer = Consumer(queue: queue, name: "intake", concurrency: 4, batch: 4, poll: .milliseconds(10)) {
                lease in
                running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                if first.exchange(false, ordering: .relaxed) {
                    try? await eventually { mayEnd.load(ordering: .acquiring) }
                }
                running.withLock { $0.now -= 1 }
                return .done
            }
            let run = Task { try await consumer.run() }
            try await eventually { running.withLock { $0.now } == 1 }
            // The lease is taken away while its handler runs, and the message claimed again.
            try await eventually {
                // Again, because a renewal may have come between.
                try await queue.expireLeases()
                return try await queue.statistics(of: "intake").suspect == 1
            }
            mayEnd.store(true, ordering: .releasing)
            try await eventually { try await queue.isDrained("intake") }
            run.cancel()
            try await run.value
            #expect(running.withLock { $0.most } == 1)
        }
    }
}

extension MessageQueue {
    /// Whether nothing of the queue is alive.
    fileprivate func isDrained(_ name: String) async throws -> Bool {
        let statistics = try await statistics(of: name)
        return statistics.ready + statistics.leased + statistics.delayed == 0
    }
}

extension Sequence {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var result: [T] = []
        for element in self { result.append(try await transform(element)) }
        return result
    }
}
