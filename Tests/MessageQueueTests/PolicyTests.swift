import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct PolicyTests {
    @Test func `what is set on one node holds on every other within a second, while it runs`() async throws {
        try await withQueue { queue in
            try await queue.declare(["out.fire"])
            let other = MessageQueue(database: queue.database, node: "other")
            _ = try await other.claim("out.fire", limit: 1)
            try await queue.setPolicy(of: "out.fire", [.attempts: 2])
            #expect(queue.policy(of: "out.fire").maximumAttempts == 2)
            let began = ContinuousClock.now
            try await eventually {
                _ = try await other.claim("out.fire", limit: 1)
                return other.policy(of: "out.fire").maximumAttempts == 2
            }
            #expect(ContinuousClock.now - began < .seconds(1))
            try await queue.setPolicy(of: "out.fire", [.attempts: nil])
            #expect(queue.policy(of: "out.fire").maximumAttempts == 12)
        }
    }

    @Test func `a node's configuration is every node's, and an operator has the last word`() async throws {
        try await withQueue {
            $0.policies["out.fire"] = QueuePolicy(maximumAttempts: 3)
        } _: { queue in
            try await queue.publishPolicies()
            let plain = MessageQueue(database: queue.database, node: "plain")
            try await plain.refreshPolicies()
            #expect(plain.policy(of: "out.fire").maximumAttempts == 3)
            try await plain.setPolicy(of: "out.fire", [.attempts: 4, .lease: 5])
            try await queue.publishPolicies()
            let report = try await queue.policyReport(of: "out.fire")
            #expect(report.policy.maximumAttempts == 4)
            #expect(report.policy.lease == .seconds(5))
            #expect(report.chosen == [.attempts: 4, .lease: 5])
            #expect(report.configured[.attempts] == 3)
        }
    }

    @Test(arguments: [
        ([PolicySetting.attempts: 0.0], "attempts 0: between 1 and 1000"),
        ([.backOffBase: 0], "back-off base"), ([.backOffCap: 86_400, .attempts: 1_000], "at most 90 days"),
        ([.lease: 86_400], "lease"), ([.rate: 1e6], "rate"),
        ([.breakerFailures: 3, .breakerRatio: 2], "breaker ratio 2"),
        ([.burst: 5], "burst says nothing without rate"),
        ([.breakerPause: 5], "breaker_pause says nothing without breaker_failures"),
    ])
    func `a policy that makes no sense is refused and changes nothing`(
        settings: PolicySettings, rule: String
    ) async throws {
        try await withQueue { queue in
            try await queue.declare(["out.fire"])
            let before = queue.policy(of: "out.fire")
            let error = try await #require(throws: QueueError.self) {
                try await queue.setPolicy(of: "out.fire", settings.mapValues { $0 })
            }
            #expect(error.description.contains(rule))
            try await queue.refreshPolicies()
            #expect(queue.policy(of: "out.fire") == before)
        }
    }

    @Test func `a queue that does not exist has no policy to set`() async throws {
        try await withQueue { queue in
            await #expect(throws: QueueError.unknownQueue("nowhere")) {
                try await queue.setPolicy(of: "nowhere", [.attempts: 2])
            }
            await #expect(throws: QueueError.unknownQueue("nowhere")) { try await queue.policyReport(of: "nowhere") }
        }
    }

    // MARK: Rate

    @Test func `all nodes together keep to a rate`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<50).map { NewMessage("out.fire", "\($0)") })
            try await queue.setPolicy(of: "out.fire", [.rate: 1, .burst: 4])
            let other = MessageQueue(database: queue.database, node: "other")
            try await other.refreshPolicies()
            let began = ContinuousClock.now
            var gone = 0
            for _ in 0..<5 {
                gone += try await queue.claim("out.fire", limit: 3).count
                gone += try await other.claim("out.fire", limit: 3).count
            }
            #expect(gone >= 4 && gone <= 4 + Int((ContinuousClock.now - began) / .seconds(1)) + 1)
        }
    }

    @Test func `a consumer drains at the rate, neither stalling nor running ahead`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<30).map { NewMessage("out.fire", "\($0)") })
            try await queue.setPolicy(of: "out.fire", [.rate: 50, .burst: 1])
            let times = Mutex<[ContinuousClock.Instant]>([])
            let consumer = Consumer(queue: queue, name: "out.fire", concurrency: 8, batch: 16) { _ in
                times.withLock { $0.append(.now) }
                return .done
            }
            let run = Task { try await consumer.run() }
            try await eventually { times.withLock { $0.count } == 30 }
            run.cancel()
            try await run.value
            let all = times.withLock { $0 }
            // Twenty-nine after the first, at fifty a second.
            #expect(all[29] - all[0] > .milliseconds(540))
            #expect(all[29] - all[0] < .seconds(5))
        }
    }

    // MARK: Concurrency

    @Test func `consumers of several nodes have no more in hand than the limit`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<40).map { NewMessage("out.fire", "\($0)") })
            try await queue.setPolicy(of: "out.fire", [.concurrency: 3])
            let other = MessageQueue(database: queue.database, node: "other")
            try await other.refreshPolicies()
            let running = Mutex((now: 0, most: 0, done: 0))
            let runs = [queue, other].map { queue in
                let consumer = Consumer(queue: queue, name: "out.fire", concurrency: 8, batch: 16) { _ in
                    running.withLock {
                        $0.now += 1
                        $0.most = max($0.most, $0.now)
                    }
                    await Task.yield()
                    running.withLock {
                        $0.now -= 1
                        $0.done += 1
                    }
                    return .done
                }
                return Task { try await consumer.run() }
            }
            try await eventually { running.withLock { $0.done } == 40 }
            for run in runs {
                run.cancel()
                try await run.value
            }
            #expect(running.withLock { $0.most } <= 3)
            // Whoever leaves takes its claim on the limit along.
            let left = try await queue.database.query("SELECT holders FROM queue.gate").map {
                try $0.decode([Int64].self)
            }
            #expect(left == [[]])
        }
    }

    // MARK: Circuit

    @Test func `a partner that is down costs no message its attempts, and gets all when it is back`() async throws {
        try await withQueue { queue in
            let ids = try await queue.enqueue((0..<20).map { NewMessage("out.fire", "\($0)", key: "k\($0)") })
            try await queue.setPolicy(
                of: "out.fire",
                [.attempts: 3, .breakerFailures: 4, .breakerPause: 0.01, .breakerLongestPause: 0.02, .concurrency: 2])
            let isUp = Atomic(false)
            let refused = Atomic(0)
            let consumer = Consumer(queue: queue, name: "out.fire", concurrency: 2, batch: 8) { _ in
                if isUp.load(ordering: .relaxed) { return .done }
                refused.add(1, ordering: .relaxed)
                return .retry(Cause(code: "endpoint_unreachable"))
            }
            let run = Task { try await consumer.run() }
            // Were these attempts, every message would be dead.
            try await eventually { refused.load(ordering: .relaxed) > 70 }
            let down = try await queue.statistics(of: "out.fire")
            #expect(down.circuit != .closed)
            #expect(down.dead == 0)
            isUp.store(true, ordering: .relaxed)
            try await eventually {
                let now = try await queue.statistics(of: "out.fire")
                return now.ready + now.delayed + now.leased == 0
            }
            run.cancel()
            try await run.value
            #expect(try await queue.statistics(of: "out.fire").circuit == .closed)
            #expect(try await queue.statistics(of: "out.fire").dead == 0)
            let attempts = try await ids.asyncMap { try await queue.history(of: $0).map(\.attempt).max() ?? 0 }
            #expect(attempts.max() ?? 9 <= 3)
        }
    }

    @Test func `reading the gate costs the same however long a snapshot is held`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<900).map { NewMessage("out.fire", "\($0)") })
            try await queue.setPolicy(of: "out.fire", [.rate: 100_000])
            let holder = TestDatabase.current.pool(connections: 1)
            let snapshot = try await OpenTransaction(on: holder, isolation: .repeatableRead) { connection in
                _ = try connection.query("SELECT count(*) FROM queue.gate")
            }
            func buffersOfReading() async throws -> Int {
                try await buffers(of: GateStatement.read(queue: "out.fire").0)
            }
            _ = try await queue.claim("out.fire", limit: 1)
            let before = try await buffersOfReading()
            for _ in 0..<300 { _ = try await queue.claim("out.fire", limit: 1) }
            #expect(try await buffersOfReading() <= before + 3)
            try await snapshot.commit()
            await holder.close()
        }
    }
}

extension Sequence {
    /// What an asynchronous function makes of each element.
    fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
        var results: [T] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
