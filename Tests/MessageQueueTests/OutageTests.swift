import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

/// A partner that is down for an hour beside partners that are not. The hour is simulated: a second of it takes a
/// millisecond, so that waits and pauses of minutes pass in fractions of a second.
@Suite(.queue) struct OutageTests {
    private static let hour = Duration.milliseconds(3_600)

    @Test func `one partner down for an hour disturbs no other, and drains at its rate on return`() async throws {
        try await withQueue(connections: 10) { configuration in
            configuration.policies["out.down"] = QueuePolicy(
                // More than failures open the circuit: a message that is alone then has all of them by itself.
                maximumAttempts: 10, backOff: BackOff(base: .milliseconds(1), cap: .milliseconds(300)),
                rate: MessageRate(perSecond: 1_000, burst: 50),
                breaker: CircuitBreaker(failures: 5, pause: .milliseconds(5), longestPause: .milliseconds(300)))
        } _: { queue in
            let isDown = Atomic(false)
            let handled = Mutex<[String: [ContinuousClock.Instant]]>([:])
            let waits = Mutex<[Duration]>([])
            let runs = ["out.down", "out.up"].map { name in
                let consumer = Consumer(queue: queue, name: name, concurrency: 8, batch: 32) { lease in
                    if name == "out.down", isDown.load(ordering: .relaxed) {
                        return .retry(Cause(code: "endpoint_unreachable"))
                    }
                    handled.withLock { $0[name, default: []].append(.now) }
                    if name == "out.up" { waits.withLock { $0.append(Timestamp.now() - lease.enqueuedAt) } }
                    return .done
                }
                return Task { try await consumer.run() }
            }
            func send(to names: [String], for time: Duration) async throws -> Duration {
                waits.withLock { $0 = [] }
                let began = ContinuousClock.now
                var number = 0
                while ContinuousClock.now - began < time {
                    number += 1
                    _ = try await queue.enqueue(names.map { NewMessage($0, "x", key: "k\(number)") })
                }
                try await eventually { try await queue.statistics(of: "out.up").ready == 0 }
                let sorted = waits.withLock { $0.sorted() }
                return sorted[sorted.count / 2]
            }
            let before = try await send(to: ["out.down", "out.up"], for: Self.hour / 4)
            isDown.store(true, ordering: .relaxed)
            let during = try await send(to: ["out.down", "out.up"], for: Self.hour)
            let down = try await queue.statistics(of: "out.down")
            #expect(down.circuit != .closed)
            #expect(down.dead == 0)
            let waiting = down.ready + down.delayed
            #expect(waiting > 100)
            // Loosely and by the median, because tests share the machine; `hub queue bench` measures the slowest hundredth.
            #expect(during < before * 3 + .milliseconds(50), "median \(before) before, \(during) while one is down")

            handled.withLock { $0["out.down"] = [] }
            isDown.store(false, ordering: .relaxed)
            try await eventually(within: .seconds(60)) {
                let now = try await queue.statistics(of: "out.down")
                return now.ready + now.delayed + now.leased == 0
            }
            let times = handled.withLock { $0["out.down"] ?? [] }
            #expect(times.count >= waiting)
            // Not faster than its rate; the burst and what came at once may be a little ahead.
            let span = try #require(times.last) - times[0]
            #expect(Double(times.count) <= 1_000 * (span / .seconds(1)) + 100)
            #expect(try await queue.statistics(of: "out.down").dead == 0)
            for run in runs {
                run.cancel()
                try await run.value
            }
        }
    }
}
