import Glibc
import Logging
package import Postgres
import Synchronization

/// Measures the queue on a real database, with all that it promises on: leases, fences, order locks and history; and
/// beside it what the machine can do at all.
package struct QueueBench: Sendable {
    /// One measurement.
    package struct Figure: Sendable {
        /// What was done.
        package var work: String
        /// Bytes of each document.
        package var size: Int
        /// Callers or consumers at once.
        package var callers = 1
        /// Messages of one call; 1 for single calls.
        package var batch = 1
        /// Messages in all.
        package var messages = 0
        /// Messages per second, or bytes per message.
        package var value: Double
        /// The unit of `value`.
        package var unit = "msg/s"
        /// Half of the times were shorter.
        package var p50: Duration?
        /// One time in a hundred was longer.
        package var p99: Duration?
        /// The figure of the machine's own limit that it is compared with.
        package var limit: Double?
        /// The aim that it is held against, in words.
        package var aim = ""

        /// The part of the limit that is reached.
        package var ratio: Double? { limit.map { value / $0 } }

        /// A line of a table.
        package var line: String {
            let columns = [
                work.padded(to: 42), String(size).padded(to: 6), String(callers).padded(to: 8),
                String(batch).padded(to: 6),
                String(Int(value)).padded(to: 9), unit.padded(to: 6), (p50?.inMilliseconds ?? "").padded(to: 9),
                (p99?.inMilliseconds ?? "").padded(to: 9), (ratio?.inHundredths ?? "").padded(to: 6), aim,
            ]
            return columns.joined(separator: " ")
        }

        /// The heads of ``line``'s columns: milliseconds for the times.
        package static let header = [
            "work".padded(to: 42), "bytes".padded(to: 6), "callers".padded(to: 8), "batch".padded(to: 6),
            "value".padded(to: 9), "unit".padded(to: 6), "p50 ms".padded(to: 9), "p99 ms".padded(to: 9),
            "limit".padded(to: 6), "aim",
        ].joined(separator: " ")

        /// One JSON object.
        package var json: String {
            var members = [
                "\"work\":\"\(work)\"", "\"size\":\(size)", "\"callers\":\(callers)", "\"batch\":\(batch)",
                "\"messages\":\(messages)", "\"value\":\(value.inHundredths)", "\"unit\":\"\(unit)\"",
            ]
            if let p50 { members.append("\"p50_ms\":\(p50.inMilliseconds)") }
            if let p99 { members.append("\"p99_ms\":\(p99.inMilliseconds)") }
            if let limit { members.append("\"limit\":\(limit.inHundredths)") }
            if let ratio { members.append("\"ratio\":\(ratio.inHundredths)") }
            if !aim.isEmpty { members.append("\"aim\":\"\(aim)\"") }
            return "{" + members.joined(separator: ",") + "}"
        }
    }

    private let database: Database
    private let owner: Database
    private let messages: Int
    private let backlog: Int
    private let payload: [UInt8]

    /// - Parameters:
    ///   - database: migrated; the bench uses queues called `bench.…` and empties them afterwards
    ///   - owner: the same by a role that may make a table, for the bare limits
    ///   - messages: how many messages each measurement moves; single callers move a part of it
    ///   - bytes: the size of each document
    ///   - backlog: how many are heaped up for the measurement of a backlog; 0 leaves it out
    package init(database: Database, owner: Database, messages: Int = 50_000, bytes: Int = 2_048, backlog: Int = 0) {
        self.database = database
        self.owner = owner
        self.messages = messages
        self.backlog = backlog
        var generator = SystemRandomNumberGenerator()
        payload = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Runs everything and hands each figure over as it is measured.
    @discardableResult
    package func run(report: (Figure) -> Void) async throws -> [Figure] {
        var configuration = MessageQueue.Configuration()
        configuration.policies["bench.down"] = QueuePolicy(
            breaker: CircuitBreaker(failures: 5, pause: .milliseconds(100)))
        // An outage is part of what is measured, and no news.
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let queue = MessageQueue(database: database, node: "bench", configuration: configuration, logger: logger)
        var figures: [Figure] = []
        @discardableResult func add(_ figure: Figure, limit: Double? = nil, aim: String = "") -> Double {
            var figure = figure
            figure.limit = limit
            figure.aim = aim
            figures.append(figure)
            report(figure)
            return figure.value
        }
        do {
            try await makeTable()
            let commits = [add(try await singleCommits(callers: 1)), add(try await singleCommits(callers: 32))]
            let unnest = add(try await bareInsert())
            let deletes = add(try await bareDelete())

            add(try await singles(queue, callers: 32), limit: commits[1], aim: "30,000/s, p99 < 10 ms")
            add(try await singles(queue, callers: 1), limit: commits[0], aim: "0.85 of pgbench")
            add(try await batchesIn(queue), limit: unnest, aim: "45,000/s, 0.8 of bare unnest")
            let drained = add(try await drain(queue, consumers: 2), limit: deletes, aim: "65,000/s, 0.8 of bare DELETE")
            try await batchesIn(queue)
            add(try await drain(queue, consumers: 1), limit: deletes)
            try await batchesIn(queue, name: "flow")
            add(try await consume(queue))
            add(try await inAndOut(queue), aim: "40,000/s each way")
            add(
                try await flow(queue, perSecond: 1_000, messages: min(messages, 10_000)), aim: "p50 <= 1.2, p99 <= 5 ms"
            )
            add(
                try await flow(queue, perSecond: 1_000, messages: min(messages, 10_000), isPartnerDown: true),
                aim: "p99 within 1.1 of the line above")
            add(try await flow(queue, perSecond: 2_500, messages: 2 * messages))
            add(
                try await flow(queue, perSecond: 2_500, messages: 2 * messages, isSnapshotHeld: true),
                aim: "within 1.2 of the line above")
            if backlog > 0 {
                add(try await heapUp(queue))
                add(
                    try await drain(queue, consumers: 2, work: "drain a backlog"), limit: drained,
                    aim: "within 1.2 of a drain")
            }
            add(try await writeAheadLog(queue), aim: "<= 2,450 B for 2,048 B")
        } catch {
            try? await clean()
            throw error
        }
        try await clean()
        return figures
    }

    // MARK: The machine's own limits

    private func makeTable() async throws {
        try await owner.read { connection in
            try connection.executeScript(
                """
                DROP TABLE IF EXISTS public.hub_queue_bench;
                CREATE TABLE public.hub_queue_bench (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload bytea NOT NULL
                ) WITH (toast_tuple_target = 8160);
                ALTER TABLE public.hub_queue_bench ALTER COLUMN payload SET STORAGE EXTERNAL;
                """)
        }
    }

    /// One document a commit, by PostgreSQL's own pgbench where that is installed, else by this process.
    private func singleCommits(callers: Int) async throws -> Figure {
        var figure = Figure(work: "limit: single commits, pgbench", size: payload.count, callers: callers, value: 0)
        let connection = owner.configuration.connectionString
        // A password would show in the list of processes.
        if !connection.contains("password"),
            let rate = await Pgbench.rate(connection, callers: callers, bytes: payload.count)
        {
            figure.value = rate
            return figure
        }
        let each = max(1, messages / 8 / callers)
        figure = try await measure("limit: single commits, this client", callers: callers, batch: 1) { _, clock in
            for _ in 0..<each {
                try await clock {
                    _ = try await owner.execute("INSERT INTO public.hub_queue_bench (payload) VALUES (\(payload))")
                }
            }
            return each
        }
        return figure
    }

    private func bareInsert() async throws -> Figure {
        let documents = Array(repeating: payload, count: 100)
        let rounds = max(1, messages / 200)
        return try await measure("limit: bare unnest insert", callers: 2, batch: 100) { _, clock in
            for _ in 0..<rounds {
                try await clock {
                    _ = try await owner.execute(
                        "INSERT INTO public.hub_queue_bench (payload) SELECT * FROM unnest(\(documents))", name: "bench"
                    )
                }
            }
            return rounds * 100
        }
    }

    private func bareDelete() async throws -> Figure {
        try await measure("limit: bare DELETE-claim", callers: 2, batch: 100) { _, clock in
            var count = 0
            while true {
                let rows = try await clock {
                    try await owner.query(
                        """
                        DELETE FROM public.hub_queue_bench
                        WHERE id = ANY (ARRAY(
                            SELECT id FROM public.hub_queue_bench ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
                        ))
                        RETURNING id, payload
                        """, name: "bench")
                }
                guard !rows.isEmpty else { return count }
                for row in rows { _ = try row.decode(Int64.self, [UInt8].self) }
                count += rows.count
            }
        }
    }

    // MARK: The queue

    private func message(_ name: String, _ number: Int) -> NewMessage {
        NewMessage(queue: "bench.\(name)", key: "\(name)-\(number)", payload: payload)
    }

    /// Single calls, each returning when its message is durable; then takes them away again.
    private func singles(_ queue: MessageQueue, callers: Int) async throws -> Figure {
        let each = max(1, messages / (callers == 1 ? 8 : callers))
        let work = callers == 1 ? "one caller in a loop" : "single submissions"
        let figure = try await measure(work, callers: callers, batch: 1) { caller, clock in
            for number in 0..<each {
                try await clock { _ = try await queue.enqueue(message("single", caller * each + number)) }
            }
            return each
        }
        _ = try await drain(queue, name: "single", consumers: 2)
        return figure
    }

    @discardableResult
    private func batchesIn(_ queue: MessageQueue, name: String = "batch") async throws -> Figure {
        let rounds = max(1, messages / 200)
        return try await measure("batched in", callers: 2, batch: 100) { caller, clock in
            for round in 0..<rounds {
                let first = (caller * rounds + round) * 100
                let documents = (first..<first + 100).map { message(name, $0) }
                try await clock { _ = try await queue.enqueue(documents) }
            }
            return rounds * 100
        }
    }

    /// Claims and acknowledges until the queue is empty, each claim carrying the acknowledgements of the one before.
    private func drain(
        _ queue: MessageQueue, name: String = "batch", consumers: Int, work: String = "drain, acks with the next claim"
    ) async throws -> Figure {
        try await measure(work, callers: consumers, batch: 100) { _, clock in
            var handled = 0
            var held: [Lease] = []
            while true {
                var exchange = ConsumerState.Exchange(limit: 100, suspects: true)
                exchange.settlements = held.map { Settlement($0, .acknowledge) }
                let settled = held.count
                held = try await clock {
                    await queue.surveyIfDue("bench.\(name)")
                    return try await queue.exchange(exchange, queue: "bench.\(name)", lease: .seconds(30)).claimed
                }
                handled += settled
                if settled == 0, held.isEmpty { return handled }
            }
        }
    }

    /// A ``Consumer``, whose handlers have nothing to do, on what is there.
    private func consume(_ queue: MessageQueue) async throws -> Figure {
        let total = max(1, messages / 200) * 200
        let done = Countdown(total)
        let consumer = Consumer(queue: queue, name: "bench.flow", concurrency: 64, batch: 200) { _ in
            done.count()
            return .done
        }
        return try await measure("drain by a consumer", callers: 1, batch: 200) { _, _ in
            let run = Task { try await consumer.run() }
            await done.wait()
            run.cancel()
            try await run.value
            return total
        }
    }

    /// One enqueues batches of a hundred as fast as it can, one claims and acknowledges them, until as many are through.
    private func inAndOut(_ queue: MessageQueue) async throws -> Figure {
        let rounds = max(1, messages / 100)
        return try await measure("in and out at once", callers: 2, batch: 100) { side, clock in
            guard side == 0 else {
                for round in 0..<rounds {
                    _ = try await queue.enqueue((round * 100..<round * 100 + 100).map { message("both", $0) })
                }
                return 0
            }
            var handled = 0
            var held: [Lease] = []
            while handled < rounds * 100 {
                var exchange = ConsumerState.Exchange(limit: 100, suspects: true)
                exchange.settlements = held.map { Settlement($0, .acknowledge) }
                let settled = held.count
                held = try await clock {
                    await queue.surveyIfDue("bench.both")
                    return try await queue.exchange(exchange, queue: "bench.both", lease: .seconds(30)).claimed
                }
                handled += settled
            }
            return handled
        }
    }

    /// Messages at a steady rate to a ``Consumer``; the times are from when each was due to be sent to its handler.
    private func flow(
        _ queue: MessageQueue, perSecond: Int, messages: Int, isSnapshotHeld: Bool = false, isPartnerDown: Bool = false
    ) async throws -> Figure {
        // Times are of this flow, not of the disk that still writes what the measurement before left. A role that may not
        // do this measures both.
        _ = try? await owner.execute("CHECKPOINT", name: "bench.checkpoint")
        let due = Mutex<[Int: ContinuousClock.Instant]>([:])
        let times = Mutex<[Duration]>([])
        let done = Countdown(messages)
        let consumer = Consumer(queue: queue, name: "bench.flow", concurrency: 16, batch: 100) { lease in
            let number = Int(lease.key?.split(separator: "-").last ?? "") ?? -1
            if let began = due.withLock({ $0.removeValue(forKey: number) }) {
                let time = ContinuousClock.now - began
                times.withLock { $0.append(time) }
            }
            done.count()
            return .done
        }
        let holder = isSnapshotHeld ? try await SnapshotHolder(owner) : nil
        let outage = isPartnerDown ? Outage(queue, message("down", 0)) : nil
        let run = Task { try await consumer.run() }
        let start = ContinuousClock.now
        // Open loop: a sender that is held up sends what it owes at once, and the wait counts. One commit is one message,
        // or what came due while the last was written.
        await withTaskGroup { group in
            var sent = 0
            while sent < messages {
                let owed = min(messages, Int((ContinuousClock.now - start) / .microseconds(1_000_000 / perSecond)) + 1)
                for number in sent..<max(sent, owed) {
                    let instant = start + .microseconds(1_000_000 / perSecond * number)
                    due.withLock { $0[number] = instant }
                    let message = message("flow", number)
                    group.addTask { _ = try? await queue.enqueue(message) }
                }
                sent = max(sent, owed)
                try? await Task.sleep(until: start + .microseconds(1_000_000 / perSecond * sent), clock: .continuous)
            }
        }
        await done.wait()
        let elapsed = ContinuousClock.now - start
        run.cancel()
        try await run.value
        await holder?.release()
        await outage?.end()
        let sorted = times.withLock { $0.sorted() }
        return Figure(
            work: "end to end at \(perSecond)/s"
                + (isSnapshotHeld ? ", snapshot held" : isPartnerDown ? ", a partner down" : ""), size: payload.count,
            messages: messages, value: Double(messages) / (elapsed / .seconds(1)), p50: Self.quantile(0.5, sorted),
            p99: Self.quantile(0.99, sorted))
    }

    private func heapUp(_ queue: MessageQueue) async throws -> Figure {
        let rounds = max(1, backlog / 1_000)
        return try await measure("heap up a backlog", callers: 2, batch: 500) { caller, clock in
            for round in 0..<rounds {
                let first = (caller * rounds + round) * 500
                let documents = (first..<first + 500).map { message("batch", $0) }
                try await clock { _ = try await queue.enqueue(documents) }
            }
            return rounds * 500
        }
    }

    /// Bytes of write-ahead log of a message's whole life, a hundred at a time.
    private func writeAheadLog(_ queue: MessageQueue) async throws -> Figure {
        func position() async throws -> Int {
            try await owner.query("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")[0].decode(Int.self)
        }
        let before = try await position()
        try await batchesIn(queue)
        let moved = try await drain(queue, consumers: 1).messages
        return Figure(
            work: "write-ahead log, whole life", size: payload.count, batch: 100, messages: moved,
            value: Double(try await position() - before) / Double(max(1, moved)), unit: "B/msg")
    }

    /// Deletes the documents and the history of the bench's queues.
    private func clean() async throws {
        try await owner.execute("DROP TABLE IF EXISTS public.hub_queue_bench")
        try await database.transaction { connection in
            // A million rows take longer than any statement of the queue's own may, and want the plans that it forbids.
            try connection.execute(
                """
                SELECT set_config('statement_timeout', '0', true), set_config('enable_hashjoin', 'on', true),
                    set_config('enable_seqscan', 'on', true)
                """)
            for table: StaticString in ["queue.state", "queue.dead_letter"] {
                try connection.execute(
                    """
                    DELETE FROM \(raw: table)
                    WHERE queue IN (SELECT id FROM queue.queue WHERE name LIKE 'bench.%')
                    """, name: "bench.clean", deadline: .seconds(600))
            }
            // A line of history is about messages of one queue, so its first tells.
            try connection.execute(
                """
                WITH gone AS (
                    DELETE FROM queue.message AS m
                    USING queue.queue AS q
                    WHERE q.id = m.queue AND q.name LIKE 'bench.%'
                    RETURNING m.id
                )
                DELETE FROM queue.history AS h USING gone WHERE h.messages[1] = gone.id
                """, name: "bench.clean", deadline: .seconds(600))
        }
    }

    /// Times `body` at each caller; it gets a function that times one call, and returns how many messages it moved.
    private func measure(
        _ work: String, callers: Int, batch: Int, _ body: @escaping @Sendable (Int, Stopwatch) async throws -> Int
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
        return Figure(
            work: work, size: payload.count, callers: callers, batch: batch, messages: moved,
            value: Double(moved) / (elapsed / .seconds(1)), p50: Self.quantile(0.5, sorted),
            p99: Self.quantile(0.99, sorted))
    }

    private static func quantile(_ part: Double, _ sorted: [Duration]) -> Duration? {
        sorted.isEmpty ? nil : sorted[Int(Double(sorted.count - 1) * part)]
    }
}

/// Times the calls of one caller, which makes them one after the other.
private final class Stopwatch: @unchecked Sendable {
    // Unchecked because only one task uses it, and its creator reads it after that task has returned.
    private(set) var times: [Duration] = []

    func callAsFunction<T>(_ call: () async throws -> T) async rethrows -> T {
        let began = ContinuousClock.now
        defer { times.append(ContinuousClock.now - began) }
        return try await call()
    }
}

/// Lets one task wait until something has happened so many times.
private final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let signal = WakeSignal()

    init(_ count: Int) { left = Atomic(count) }

    func count() { if left.subtract(1, ordering: .relaxed).newValue == 0 { signal.raise() } }
    func wait() async { await signal.wait() }
}

/// A session that sits in a transaction and keeps its first snapshot, as a report or a dump does.
private struct SnapshotHolder {
    private final class Progress: Sendable {
        let mayEnd = Atomic(false)
        let hasBegun = WakeSignal()
    }

    private let progress = Progress()
    private let task: Task<Void, any Error>

    init(_ database: Database) async throws {
        task = Task { [progress] in
            // Unstructured because it holds its transaction beside what is measured, until told to end.
            try await database.transaction(isolation: .repeatableRead) { connection in
                try connection.execute("SELECT count(*) FROM queue.queue")
                progress.hasBegun.raise()
                while !progress.mayEnd.load(ordering: .acquiring) { try connection.execute("SELECT pg_sleep(0.2)") }
            }
        }
        await progress.hasBegun.wait()
    }

    func release() async {
        progress.mayEnd.store(true, ordering: .releasing)
        try? await task.value
    }
}

/// A queue to which messages come all the time, a hundred at once, and whose every delivery fails.
private struct Outage {
    private let tasks: [Task<Void, any Error>]

    init(_ queue: MessageQueue, _ message: NewMessage) {
        // Unstructured because it goes on beside what is measured, until told to end.
        let consumer = Consumer(queue: queue, name: message.queue, concurrency: 8, batch: 32) { _ in
            .retry(Cause(code: "endpoint_unreachable"))
        }
        tasks = [
            Task { try await consumer.run() },
            Task {
                var message = message
                message.key = nil
                while !Task.isCancelled {
                    _ = try await queue.enqueue(Array(repeating: message, count: 100))
                    try await Task.sleep(for: .milliseconds(200))
                }
            },
        ]
    }

    func end() async {
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.result }
    }
}

/// PostgreSQL's own load generator.
private enum Pgbench {
    /// Commits per second of single documents; `nil` if pgbench is not there or fails.
    static func rate(_ connection: String, callers: Int, bytes: Int) async -> Double? {
        // On a thread of its own: it blocks for as long as it runs.
        await withCheckedContinuation { continuation in
            let hasStarted = startThread {
                continuation.resume(returning: run(connection, callers: callers, bytes: bytes))
            }
            if !hasStarted { continuation.resume(returning: nil) }
        }
    }

    private static func run(_ connection: String, callers: Int, bytes: Int) -> Double? {
        // By number of transactions, not by time: pgbench stops at an alarm, and threads of this process block signals,
        // which its children inherit.
        let each = callers == 1 ? 10_000 : 60_000 / callers
        let document = String(repeating: "d", count: bytes)
        let script = "INSERT INTO public.hub_queue_bench (payload) VALUES (convert_to(:p, 'UTF8'))"
        let quoted = "'" + connection.replacing("'", with: "'\\''") + "'"
        let command = """
            PATH="$PATH:$(pg_config --bindir 2>/dev/null)"
            echo "\(script)" | pgbench -n -M prepared -c \(callers) -j \(min(2, callers)) -t \(each) -D p=\(document) -f /dev/stdin \
            \(quoted) 2>/dev/null
            """
        guard let pipe = popen(command, "r") else { return nil }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, 512, pipe) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                .split(whereSeparator: \.isWhitespace)
            if words.count > 2, words[0] == "tps" { return Double(words[2]) }
        }
        return nil
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
            return nil
        }
        guard pthread_create(&thread, nil, run, box.toOpaque()) == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension Double {
    /// With two decimals.
    fileprivate var inHundredths: String {
        let hundredths = Int((self * 100).rounded())
        let fraction = String(hundredths % 100)
        return "\(hundredths / 100)." + String(repeating: "0", count: 2 - fraction.count) + fraction
    }
}

extension Duration {
    /// Milliseconds with two decimals.
    fileprivate var inMilliseconds: String { (self / .milliseconds(1)).inHundredths }
}
