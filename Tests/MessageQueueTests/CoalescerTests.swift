import Glibc
import MessageQueue
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite(.database) struct CoalescerTests {
    struct Refused: Error {}

    let database = TestDatabase.current.database

    /// Keeps what bodies were called with, and lets them wait until opened.
    final class Gate: Sendable {
        private let state = Mutex<(isOpen: Bool, batches: [[Int]], running: Int, most: Int)>((false, [], 0, 0))

        var batches: [[Int]] { state.withLock { $0.batches } }
        var most: Int { state.withLock { $0.most } }
        func open() { state.withLock { $0.isOpen = true } }

        /// Blocks its thread, as a statement would.
        func pass(_ batch: [Int]) throws {
            state.withLock {
                $0.batches.append(batch)
                $0.running += 1
                $0.most = max($0.most, $0.running)
            }
            let deadline = ContinuousClock.now + .seconds(10)
            while !state.withLock({ $0.isOpen }) {
                guard ContinuousClock.now < deadline else { throw Refused() }
                usleep(1_000)
            }
            state.withLock { $0.running -= 1 }
        }
    }

    @Test func `each caller gets its own result`() async throws {
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 4, lanes: 2) { items, _ in items.map { $0 * 10 } }
        try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for item in 0..<200 { group.addTask { (item, try await coalescer.submit(item)) } }
            for try await (item, result) in group { #expect(result == item * 10) }
        }
    }

    @Test func `callers that wait together share a batch, within its bound and the lanes`() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 8, lanes: 2) { items, _ in
            try gate.pass(items)
            return items
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for item in 0..<40 { group.addTask { try await coalescer.submit(item) } }
            try await eventually { gate.batches.count == 2 }
            gate.open()
            try await group.waitForAll()
        }
        #expect(gate.most == 2)
        #expect(gate.batches.allSatisfy { $0.count <= 8 })
        #expect(gate.batches.count < 20)
        #expect(gate.batches.flatMap { $0 }.sorted() == Array(0..<40))
    }

    @Test func `a second lane opens beside a busy one for those who have waited, short of a crowd`() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 8, lanes: 2, crowd: 4) { items, _ in
            try gate.pass(items)
            return items
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await coalescer.submit(0) }
            try await eventually { gate.batches.count == 1 }
            // Fewer than a crowd: a lane opens for them when they have waited, and takes them all together.
            for item in 1...3 { group.addTask { try await coalescer.submit(item) } }
            try await eventually { gate.batches.count == 2 }
            gate.open()
            try await group.waitForAll()
        }
        #expect(gate.most == 2)
        #expect(gate.batches.flatMap { $0 }.sorted() == Array(0...3))
    }

    @Test func `one bad item does not fail its neighbours`() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 100, lanes: 1) { items, _ in
            try gate.pass(items)
            if items.contains(7) { throw Refused() }
            return items
        }
        let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
            for item in 0..<20 {
                group.addTask { (item, (try? await coalescer.submit(item)) == item) }
            }
            try? await eventually { gate.batches.count == 1 }
            gate.open()
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for item in 0..<20 { #expect(outcomes[item] == (item != 7)) }
    }

    @Test func `after a lost connection nothing is tried again`() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 100, lanes: 1, mayRepeat: { !($0 is Refused) }) {
            items, _ in
            try gate.pass(items)
            throw Refused()
        }
        await withTaskGroup(of: Void.self) { group in
            for item in 0..<10 {
                group.addTask {
                    await #expect(throws: Refused.self) { try await coalescer.submit(item) }
                }
            }
            try? await eventually { gate.batches.count == 1 }
            gate.open()
        }
        #expect(gate.batches.flatMap { $0 }.sorted() == Array(0..<10))
    }

    @Test func `a caller cancelled while it waits is let go and its item never runs`() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 1, lanes: 1) { items, _ in
            try gate.pass(items)
            return items
        }
        let first = Task { try await coalescer.submit(1) }
        try await eventually { gate.batches == [[1]] }
        let second = Task { try await coalescer.submit(2) }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        gate.open()
        #expect(try await first.value == 1)
        #expect(try await coalescer.submit(3) == 3)
        #expect(gate.batches == [[1], [3]])
    }

    @Test func `a caller cancelled while its batch runs learns what became of it`() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 1, lanes: 1) { items, _ in
            try gate.pass(items)
            return items
        }
        let caller = Task { try await coalescer.submit(1) }
        try await eventually { gate.batches == [[1]] }
        caller.cancel()
        gate.open()
        #expect(try await caller.value == 1)
    }

    @Test func `callers beyond the bound are refused at once`() async throws {
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 1, lanes: 1, maximumWaiting: 1) { items, _ in
            try gate.pass(items)
            return items
        }
        let first = Task { try await coalescer.submit(1) }
        try await eventually { gate.batches == [[1]] }
        let second = Task { try await coalescer.submit(2) }
        try await eventually { coalescer.waitingCount == 1 }
        await #expect(throws: QueueError.tooManyWaiting(limit: 1)) { try await coalescer.submit(3) }
        gate.open()
        #expect(try await second.value == 2)
        #expect(try await first.value == 1)
    }

    @Test func `what a batch did is undone with it, and each then does its own`() async throws {
        try await database.execute("CREATE TABLE item (number integer PRIMARY KEY)")
        try await database.execute("INSERT INTO item VALUES (7)")
        let gate = Gate()
        let coalescer = Coalescer<Int, Int>(on: database, maxBatch: 100, lanes: 1) { items, connection in
            try gate.pass(items)
            for item in items { try connection.execute("INSERT INTO item VALUES (\(item))") }
            return items
        }
        let stored = await withTaskGroup(of: Int?.self) { group in
            for item in 0..<20 { group.addTask { try? await coalescer.submit(item) } }
            try? await eventually { gate.batches.count == 1 }
            gate.open()
            return await group.reduce(into: Set()) { if let item = $1 { $0.insert(item) } }
        }
        #expect(stored == Set(0..<20).subtracting([7]))
        #expect(try await database.query("SELECT count(*) FROM item")[0].decode(Int.self) == 20)
    }

    @Test func `a lane that loses its connection tells its callers, and the next begins on another`() async throws {
        let coalescer = Coalescer<Int, Int>(on: database, lanes: 1) { items, connection in
            if items.contains(0) { try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())") }
            return try items.map { try connection.query("SELECT \($0)")[0].decode(Int.self) }
        }
        await #expect(throws: PostgresError.self) { try await coalescer.submit(0) }
        for item in 1...3 { #expect(try await coalescer.submit(item) == item) }
    }

    @Test func `a connection that died while idle is replaced unnoticed`() async throws {
        let coalescer = Coalescer<Int, Int>(on: database, lanes: 1) { items, connection in
            try items.map { _ in try connection.query("SELECT pg_backend_pid()")[0].decode(Int.self) }
        }
        let first = try await coalescer.submit(1)
        let other = TestDatabase.current.pool()
        try await other.execute("SELECT pg_terminate_backend(\(Int32(first)))")
        try await eventually {
            try await other.query("SELECT count(*) FROM pg_stat_activity WHERE pid = \(Int32(first))")[0]
                .decode(Int.self) == 0
        }
        #expect(try await coalescer.submit(2) != first)
        await other.close()
    }

    @Test func `without a database each caller is told, and the next tries anew`() async throws {
        let nowhere = TestDatabase.current.pool { $0.maximumConnections = 1 }
        await nowhere.close()
        let coalescer = Coalescer<Int, Int>(on: nowhere) { items, _ in items }
        for item in 0..<3 {
            await #expect(throws: PostgresError.self) { try await coalescer.submit(item) }
        }
    }

    @Test func `a busy lane gives its connection back when somebody waits for it`() async throws {
        let pool = TestDatabase.current.pool(connections: 1)
        let coalescer = Coalescer<Int, Int>(on: pool, maxBatch: 1, lanes: 1) { items, _ in
            usleep(1_000)
            return items
        }
        let callers = (0..<4).map { item in
            Task { while !Task.isCancelled { _ = try? await coalescer.submit(item) } }
        }
        try await eventually { pool.statistics.leased == 1 }
        for _ in 0..<3 { #expect(try await pool.query("SELECT 1")[0].decode(Int.self) == 1) }
        for caller in callers { caller.cancel() }
        for caller in callers { await caller.value }
        await pool.close()
    }

    @Test(arguments: [
        PostgresError.Reason.connectionLost, .connectionFailed, .deadlineExceeded, .poolExhausted, .closed,
    ])
    func `a database that did not answer proves nothing about the statement`(reason: PostgresError.Reason) {
        #expect(!PostgresError(reason).provesNoEffect)
    }

    @Test(arguments: [
        ("23514", true), ("40P01", true), ("55P03", true), ("57P01", false), ("57014", false), ("08006", false),
    ])
    func `only an answer about the statement itself proves that it had no effect`(state: String, proves: Bool) {
        let report = ServerReport { $0 == .state ? state : nil }
        #expect(PostgresError(.server, report: report).provesNoEffect == proves)
    }
}
