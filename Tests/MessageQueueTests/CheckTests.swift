import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct CheckTests {
    @Test func `what breaks an invariant is found`() async throws {
        try await withQueue { queue in
            let ids = try await queue.enqueue([
                NewMessage("intake", "1", key: "a"), NewMessage("intake", "2", key: "a"), NewMessage("intake", "3"),
                NewMessage("intake", "4"),
            ])
            #expect(try await queue.check().isEmpty)
            let database = TestDatabase.current.database
            try await database.execute("UPDATE queue.state SET shelf = 2 WHERE id = \(ids[1].rawValue)")
            try await database.execute("DELETE FROM queue.message WHERE id = \(ids[2].rawValue)")
            try await database.execute(
                """
                INSERT INTO queue.dead_letter (id, era, fingerprint, queue, priority, attempt, lost, cause_code, cause_text)
                SELECT id, era, 0, queue, priority, 0, 0, '', '' FROM queue.state WHERE id = \(ids[3].rawValue)
                """)
            #expect(
                try await queue.check() == [
                    QueueViolation(rule: .oneHeadPerKey, messageID: ids[0]),
                    QueueViolation(rule: .documentKept, messageID: ids[2]),
                    QueueViolation(rule: .oneLife, messageID: ids[3]),
                ])
        }
    }

    /// Everything at once, at random, on few keys: no interleaving may break the invariants, and all ends in order.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `no mixture of calls breaks an invariant`(seed: UInt64) async throws {
        try await withQueue(connections: 10) { configuration in
            configuration.defaultPolicy = QueuePolicy(
                maximumAttempts: 50, maximumLost: 50, backOff: BackOff(base: .milliseconds(1), cap: .milliseconds(2)))
        } _: { queue in
            try await queue.declare(["intake"])
            let mix = Mix(queue)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<6 {
                    group.addTask {
                        var generator = SplitMix(state: seed &* 1000 &+ UInt64(worker))
                        for _ in 0..<40 { try await mix.step(&generator) }
                    }
                }
                for _ in 0..<20 { #expect(try await queue.check().isEmpty) }
                try await group.waitForAll()
            }
            #expect(try await queue.check().isEmpty)
            try await eventually(within: .seconds(30)) {
                let leases = try await queue.claim("intake", limit: 500)
                #expect(try await queue.acknowledge(leases).isEmpty)
                leases.forEach(mix.note)
                let statistics = try await queue.statistics(of: "intake")
                return statistics.ready + statistics.delayed + statistics.leased == 0
            }
            // Ids rise with the commits of a key; only a replay goes behind.
            let exceptions = Set(mix.replayed.map(\.rawValue))
            for ids in mix.handled.values {
                let inOrder = ids.filter { !exceptions.contains($0) }
                #expect(inOrder == inOrder.sorted())
            }
            // Every message has exactly one end: acknowledged, cancelled, or in the dead letters.
            let ends = try await TestDatabase.current.database.query(
                """
                SELECT count(*) FILTER (WHERE outcome = 'acknowledged'), count(*) FILTER (WHERE outcome = 'cancelled'),
                    (SELECT count(*) FROM queue.dead_letter)
                FROM queue.history, unnest(messages)
                """
            )[0].decode(Int.self, Int.self, Int.self)
            #expect(ends.0 + ends.1 + ends.2 == mix.enqueued.count)
            #expect(ends.0 == mix.handled.values.reduce(0) { $0 + $1.count })
        }
    }
}

/// Random calls, and what is to be expected of them.
private final class Mix: Sendable {
    private struct State {
        var enqueued: [MessageID] = []
        var handled: [String: [Int64]] = [:]
        var replayed: Set<MessageID> = []
    }

    private let state = Mutex(State())
    private let queue: MessageQueue

    init(_ queue: MessageQueue) { self.queue = queue }

    var enqueued: [MessageID] { state.withLock { $0.enqueued } }
    var handled: [String: [Int64]] { state.withLock { $0.handled } }
    var replayed: Set<MessageID> { state.withLock { $0.replayed } }

    /// Takes note of an acknowledgement.
    func note(_ lease: Lease) {
        state.withLock { $0.handled[lease.key!, default: []].append(lease.messageID.rawValue) }
    }

    /// One call, or what follows from one claim.
    func step(_ generator: inout SplitMix) async throws {
        let key = "k\(Int.random(in: 0..<4, using: &generator))"
        switch Int.random(in: 0..<12, using: &generator) {
        case 0...2:
            let priority = Priority.allCases.randomElement(using: &generator)!
            let id = try await queue.enqueue(NewMessage("intake", "x", key: key, priority: priority))
            state.withLock { $0.enqueued.append(id) }
        case 3:
            // Now and then so many keys that the whole queue is locked.
            let count = Int.random(in: 1...300, using: &generator)
            let ids = try await queue.enqueue(
                (0..<count).map { NewMessage("intake", "x", key: $0 < 3 ? key : "once-\(key)-\($0 % 290)") })
            state.withLock { $0.enqueued += ids }
        case 4:
            guard let id = enqueued.randomElement(using: &generator) else { return }
            _ = try await queue.database.transaction { [queue] connection in
                try queue.cancel([id], cause: Cause(code: "random"), in: connection)
            }
        case 5:
            let dead = try await queue.deadLetters(DeadLetterSelection(limit: 3)).map(\.messageID)
            state.withLock { $0.replayed.formUnion(dead) }
            try await queue.replay(DeadLetterSelection(messages: dead))
        default:
            for lease in try await queue.claim("intake", limit: Int.random(in: 1...40, using: &generator)) {
                try await settle(lease, &generator)
            }
        }
    }

    private func settle(_ lease: Lease, _ generator: inout SplitMix) async throws {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: #expect(try await queue.retry(lease, cause: Cause(code: "random")))
        case 1: #expect(try await queue.deadLetter(lease, cause: Cause(code: "random")))
        case 2: #expect(try await queue.release([lease]).isEmpty)
        default:
            // Noted within the transaction: once it has committed, the next of the key may be noted by another worker.
            let isMine = try await queue.database.transaction { [queue] connection in
                let isMine = try queue.acknowledge(lease, in: connection)
                self.note(lease)
                return isMine
            }
            #expect(isMine)
        }
    }
}
