package import Postgres

/// Measures the queue on a real database, with all that it promises on: leases, fences, order locks and history.
package struct QueueBench: Sendable {
    /// One measurement.
    package struct Figure: Sendable {
        /// What was done.
        package let work: String
        /// Callers or consumers at once.
        package let callers: Int
        /// Messages of one call; 1 for single calls.
        package let batch: Int
        /// Messages in all.
        package let messages: Int
        /// Messages per second.
        package let rate: Double
        /// What `p50` and `p99` are times of.
        package let timed: String
        /// The median.
        package let p50: Duration
        /// One in a hundred took longer.
        package let p99: Duration

        /// A line of a table.
        package var line: String {
            let columns = [
                work.padded(to: 34), String(callers).padded(to: 8), String(batch).padded(to: 6),
                String(Int(rate)).padded(to: 9), timed.padded(to: 10), p50.inMilliseconds.padded(to: 8),
                p99.inMilliseconds,
            ]
            return columns.joined(separator: " ")
        }

        /// The heads of ``line``'s columns: milliseconds for the times.
        package static let header = [
            "work".padded(to: 34), "callers".padded(to: 8), "batch".padded(to: 6), "msg/s".padded(to: 9),
            "time of".padded(to: 10), "p50 ms".padded(to: 8), "p99 ms",
        ].joined(separator: " ")
    }

    private let database: Database
    private let messages: Int
    private let payload: [UInt8]

    /// - Parameters:
    ///   - database: migrated; the bench uses queues called `bench.…` and empties them afterwards
    ///   - messages: how many messages each measurement moves; single callers move a quarter
    ///   - bytes: the size of each document
    package init(database: Database, messages: Int = 20_000, bytes: Int = 2_048) {
        self.database = database
        self.messages = messages
        var generator = SystemRandomNumberGenerator()
        payload = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Runs everything and hands each figure over as it is measured.
    @discardableResult
    package func run(report: (Figure) -> Void) async throws -> [Figure] {
        let queue = MessageQueue(database: database, node: "bench")
        var figures: [Figure] = []
        func add(_ figure: Figure) {
            figures.append(figure)
            report(figure)
        }
        for callers in [1, 8, 32] { add(try await enqueueSingles(queue, callers: callers)) }
        for consumers in [1, 2] {
            add(try await enqueueBatches(queue, callers: 2, batch: 100))
            add(try await drain(queue, consumers: consumers, batch: 100))
        }
        add(try await consume(queue, concurrency: 64, batch: 200, isBacklog: true))
        add(try await consume(queue, concurrency: 64, batch: 200, isBacklog: false))
        try await clean()
        return figures
    }

    private func message(_ name: String, _ number: Int) -> NewMessage {
        NewMessage(queue: "bench.\(name)", key: "\(name)-\(number)", payload: payload)
    }

    /// Single calls, each returning when its message is durable; then takes them away again.
    private func enqueueSingles(_ queue: MessageQueue, callers: Int) async throws -> Figure {
        let each = max(1, messages / 4 / max(4, callers))
        let figure = try await measure("enqueue one by one", callers: callers, batch: 1) { caller, clock in
            for number in 0..<each {
                try await clock { _ = try await queue.enqueue(message("single", caller * each + number)) }
            }
            return each
        }
        _ = try await drain(queue, name: "single", consumers: 2, batch: 200)
        return figure
    }

    private func enqueueBatches(_ queue: MessageQueue, callers: Int, batch: Int) async throws -> Figure {
        let each = max(1, messages / batch / callers)
        return try await measure("enqueue in batches", callers: callers, batch: batch) { caller, clock in
            for round in 0..<each {
                let first = (caller * each + round) * batch
                let documents = (first..<first + batch).map { message("batch", $0) }
                try await clock { _ = try await queue.enqueue(documents) }
            }
            return each * batch
        }
    }

    /// Claims and acknowledges until the queue is empty, each claim carrying the acknowledgements of the one before.
    private func drain(_ queue: MessageQueue, name: String = "batch", consumers: Int, batch: Int) async throws -> Figure
    {
        try await measure("drain, acks with the next claim", callers: consumers, batch: batch) { _, clock in
            var handled = 0
            var held: [Lease] = []
            while true {
                var exchange = ConsumerState.Exchange(limit: batch, suspects: true)
                exchange.settlements = held.map { Settlement($0, .acknowledge) }
                let settled = held.count
                held = try await clock {
                    try await queue.exchange(exchange, queue: "bench.\(name)", lease: .seconds(30)).claimed
                }
                handled += settled
                if settled == 0, held.isEmpty { return handled }
            }
        }
    }

    /// A ``Consumer``, whose handlers have nothing to do, on a backlog, or while a producer enqueues.
    private func consume(_ queue: MessageQueue, concurrency: Int, batch: Int, isBacklog: Bool) async throws -> Figure {
        let total = max(1, messages / 100) * 100
        let work = isBacklog ? "drain by a consumer" : "in and out at once"
        @Sendable func produce() async throws {
            for first in stride(from: 0, to: total, by: 100) {
                _ = try await queue.enqueue((first..<first + 100).map { message("flow", $0) })
            }
        }
        if isBacklog { try await produce() }
        let (done, handled) = AsyncStream<Duration>.makeStream()
        let consumer = Consumer(queue: queue, name: "bench.flow", concurrency: concurrency, batch: batch) { lease in
            handled.yield(Timestamp.now() - lease.enqueuedAt)
            return .done
        }
        return try await measure(work, callers: 1, batch: batch, timed: "delivery") { _, stopwatch in
            let run = Task { try await consumer.run() }
            if !isBacklog { try await produce() }
            var count = 0
            for await age in done {
                stopwatch.add(age)
                count += 1
                if count == total { break }
            }
            run.cancel()
            try await run.value
            return total
        }
    }

    /// Deletes the documents and the history of the bench's queues.
    private func clean() async throws {
        try await database.transaction { connection in
            try connection.execute(
                """
                DELETE FROM queue.history
                WHERE messages[1] IN (
                    SELECT m.id FROM queue.message AS m JOIN queue.queue AS q ON q.id = m.queue WHERE q.name LIKE 'bench.%'
                )
                """, name: "bench.clean")
            try connection.execute(
                "DELETE FROM queue.message AS m USING queue.queue AS q WHERE q.id = m.queue AND q.name LIKE 'bench.%'",
                name: "bench.clean")
        }
    }

    /// Times `body` at each caller; it gets a function that times one call, and returns how many messages it moved.
    private func measure(
        _ work: String, callers: Int, batch: Int, timed: String = "call",
        _ body: @escaping @Sendable (Int, Stopwatch) async throws -> Int
    ) async throws -> Figure {
        let began = ContinuousClock.now
        let (moved, times) = try await withThrowingTaskGroup(of: (Int, [Duration]).self) { group in
            for caller in 0..<callers {
                group.addTask {
                    let stopwatch = Stopwatch()
                    return (try await body(caller, stopwatch), stopwatch.times)
                }
            }
            return try await group.reduce(into: (0, [])) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
        }
        let elapsed = ContinuousClock.now - began
        let sorted = times.sorted()
        func quantile(_ part: Double) -> Duration {
            sorted.isEmpty ? .zero : sorted[Int(Double(sorted.count - 1) * part)]
        }
        return Figure(
            work: work, callers: callers, batch: batch, messages: moved, rate: Double(moved) / (elapsed / .seconds(1)),
            timed: timed, p50: quantile(0.5), p99: quantile(0.99))
    }
}

/// Times the calls of one caller, which makes them one after the other.
private final class Stopwatch: @unchecked Sendable {
    // Unchecked because only one task uses it, and its creator reads it after that task has returned.
    private(set) var times: [Duration] = []

    func add(_ time: Duration) { times.append(time) }

    func callAsFunction<T>(_ call: () async throws -> T) async rethrows -> T {
        let began = ContinuousClock.now
        defer { times.append(ContinuousClock.now - began) }
        return try await call()
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension Duration {
    /// With two decimals.
    fileprivate var inMilliseconds: String {
        let hundredths = Int(self / .microseconds(10))
        let fraction = String(hundredths % 100)
        return "\(hundredths / 100)." + String(repeating: "0", count: 2 - fraction.count) + fraction
    }
}
