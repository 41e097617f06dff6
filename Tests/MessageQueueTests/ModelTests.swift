import Glibc
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

/// Random histories of a few dozen steps, each step taken both by the queue, on a real database with two to four nodes,
/// and by ``QueueModel``, which must agree about every answer and about every row.
///
/// A history that fails is told by its seed: `HUB_QUEUE_SEED=… swift test --filter ModelTests` repeats it alone.
/// `HUB_QUEUE_HISTORIES` says how many there are, 300 unless said otherwise.
@Suite(.queue) struct ModelTests {
    private static let lanes = 3

    /// Each lane has a database of its own, so that nothing but the history's own steps happens in it.
    @Test(arguments: 0..<lanes)
    func `the queue does what its model does, in random histories`(lane: Int) async throws {
        var seeds: [UInt64] = []
        if let seed = Self.environment("HUB_QUEUE_SEED") {
            if lane == 0 { seeds = [seed] }
        } else {
            // Others each time, so that runs add up.
            let first = UInt64.random(in: 1...1_000_000_000)
            let count = Self.environment("HUB_QUEUE_HISTORIES") ?? 300
            seeds = (0..<count / UInt64(Self.lanes)).map { first + $0 }
        }
        let database = TestDatabase.current.pool(connections: 3) { $0.role = DatabaseRole(rawValue: "hub_app") }
        for seed in seeds {
            do {
                var history = RandomHistory(seed: seed, database)
                try await history.run()
            } catch {
                Issue.record("HUB_QUEUE_SEED=\(seed): \(error)")
                break
            }
        }
        await database.close()
    }

    private static func environment(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
}

/// The model and the queue disagree.
private struct Disagreement: Error, CustomStringConvertible {
    let description: String
}

/// One history.
private struct RandomHistory {
    /// A node with what it has in hand, be it that it has lost it meanwhile.
    private struct Worker {
        var queue: MessageQueue
        var claims = 0
        var leases: [Held] = []
    }

    /// A lease, and what the model calls it.
    private struct Held {
        let lease: Lease
        let expected: QueueModel.Claimed
        var fence: FencedMessage { FencedMessage(lease) }
    }

    /// A worker that is killed before its transaction commits.
    private struct Killed: Error {}

    private let name: String
    private let database: Database
    private var random: SplitMix
    private var model = QueueModel()
    private var workers: [Worker] = []
    private var steps: [String] = []

    init(seed: UInt64, _ database: Database) {
        name = "h\(seed)"
        self.database = database
        random = SplitMix(state: seed)
    }

    mutating func run() async throws {
        workers = (0..<roll(2...4)).map { _ in Worker(queue: start()) }
        do {
            for _ in 0..<roll(10...40) {
                try await step()
                try await compare()
            }
            try await drain()
        } catch let disagreement as Disagreement {
            throw Disagreement(description: "\(disagreement) after \(steps.joined(separator: ", "))")
        }
    }

    private func start() -> MessageQueue {
        var configuration = MessageQueue.Configuration()
        configuration.defaultPolicy = QueuePolicy(
            maximumAttempts: model.maximumAttempts, maximumLost: QueueModel.maximumLost, lease: .seconds(3_600))
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        return MessageQueue(database: database, node: name, configuration: configuration, logger: logger)
    }

    private mutating func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func step() async throws {
        let worker = roll(0...workers.count - 1)
        switch roll(0...99) {
        case 0..<25: try await enqueue()
        case 25..<55: try await claim(worker)
        case 55..<75: try await settle(worker)
        case 75..<79: try await renew(worker)
        case 79..<83: crash(worker)
        case 83..<87: try await endLeases()
        case 87..<91: try await endWaits()
        case 91..<93: try await pause()
        case 93..<96: try await replay()
        case 96..<98: try await cancel()
        case 98: try await changePolicy()
        default:
            steps.append("rotate")
            _ = try await workers[0].queue.retire(olderThan: .zero)
        }
    }

    private mutating func enqueue() async throws {
        let messages = (0..<roll(1...4)).map { _ in
            NewMessage(
                name, "x", key: roll(0...3) == 0 ? nil : "k\(roll(0...2))",
                priority: Priority.allCases.randomElement(using: &random)!,
                notBefore: roll(0...5) == 0 ? .now() + .seconds(3_600) : nil)
        }
        // Alone, together, in a transaction of the caller's, or in one that comes to nothing.
        let way = roll(0...3)
        steps.append("enqueue \(messages.count) way \(way)")
        let queue = workers[0].queue
        var ids: [MessageID] = []
        switch way {
        case 0: for message in messages { ids.append(try await queue.enqueue(message)) }
        case 1: ids = try await queue.enqueue(messages)
        default:
            do {
                ids = try await database.transaction { connection in
                    let ids = try queue.enqueue(messages, in: connection)
                    if way == 3 { throw Killed() }
                    return ids
                }
            } catch is Killed {}
        }
        for (id, message) in zip(ids, messages) {
            model.enqueue(id, key: message.key, priority: message.priority, isDelayed: message.notBefore != nil)
        }
    }

    private mutating func claim(_ worker: Int) async throws {
        let limit = roll(1...6)
        steps.append("\(worker) claims \(limit)")
        let queue = workers[worker].queue
        // Floors only spare work; a survey sees all.
        queue.shared.plans.withLock { [name] in $0[name, default: ClaimPlan()].surveyNext() }
        workers[worker].claims += 1
        let expected = model.claim(limit: limit, isReversed: workers[worker].claims % 8 == 0)
        let leases = try await queue.claim(name, limit: limit)
        let found = leases.map { "\($0.messageID) attempt \($0.attempt) fence \($0.fence)" }
        let wanted = expected.map { "\($0.id) attempt \($0.attempt) fence \($0.fence)" }
        guard found == wanted else { throw Disagreement(description: "claimed \(found), not \(wanted)") }
        workers[worker].leases += zip(leases, expected).map(Held.init)
    }

    private mutating func settle(_ worker: Int) async throws {
        guard !workers[worker].leases.isEmpty else { return }
        let queue = workers[worker].queue
        let count = roll(1...min(3, workers[worker].leases.count))
        // Some stay in hand: what was settled is then settled again, which must be refused.
        let held = Array(workers[worker].leases.shuffled(using: &random).prefix(count))
        let leases = held.map(\.lease)
        if roll(0...3) > 0 {
            let settled = Set(held.map(\.fence))
            workers[worker].leases.removeAll { settled.contains($0.fence) }
        }
        let kind = roll(0...7)
        steps.append("\(worker) settles \(leases.map { "\($0.messageID)" }) kind \(kind)")
        var refused: [Bool] = []
        switch kind {
        case 0:
            for held in held {
                let holds = model.retry(held.expected)
                let isDone = try await queue.retry(held.lease, cause: Cause(code: "x"), after: .seconds(3_600))
                refused.append(holds != isDone)
            }
        case 1:
            for held in held {
                let holds = model.deadLetter(held.expected)
                refused.append(holds != (try await queue.deadLetter(held.lease, cause: Cause(code: "x"))))
            }
        case 2:
            let settled = held.filter { model.release($0.expected) }
            refused.append(try await queue.release(leases).count != leases.count - settled.count)
        case 3:
            // Killed before the commit: nothing has happened, and nobody remembers the leases.
            do {
                try await database.transaction { connection in
                    _ = try queue.acknowledge(leases, in: connection)
                    throw Killed()
                }
            } catch is Killed {}
            crash(worker)
        case 4:
            let settled = held.filter { model.acknowledge($0.expected) }
            let missing = try await database.transaction { try queue.acknowledge(leases, in: $0) }
            refused.append(missing.count != leases.count - settled.count)
            // Killed after it.
            crash(worker)
        default:
            let settled = held.filter { model.acknowledge($0.expected) }
            refused.append(try await queue.acknowledge(leases).count != leases.count - settled.count)
        }
        guard !refused.contains(true) else { throw Disagreement(description: "another settlement was refused") }
    }

    private mutating func renew(_ worker: Int) async throws {
        steps.append("\(worker) renews")
        let held = workers[worker].leases
        let expected = held.filter { !model.renew($0.expected) }.map(\.fence)
        let lost = try await workers[worker].queue.renew(held.map(\.lease), for: .seconds(3_600)).map {
            FencedMessage($0)
        }
        guard Set(lost) == Set(expected) else { throw Disagreement(description: "lost \(lost), not \(expected)") }
    }

    private mutating func crash(_ worker: Int) {
        steps.append("\(worker) crashes")
        workers[worker] = Worker(queue: start())
    }

    private mutating func endLeases() async throws {
        steps.append("leases end")
        model.endLeases()
        try await database.execute(
            """
            UPDATE queue.state SET lease_until = now()
            WHERE lease_until IS NOT NULL AND queue = (SELECT id FROM queue.queue WHERE name = \(name))
            """)
    }

    private mutating func endWaits() async throws {
        steps.append("waits end")
        model.endWaits()
        try await database.execute(
            """
            UPDATE queue.state SET wait_until = now()
            WHERE wait_until IS NOT NULL AND queue = (SELECT id FROM queue.queue WHERE name = \(name))
            """)
    }

    private mutating func pause() async throws {
        try await workers[0].queue.declare([name])
        model.isPaused.toggle()
        steps.append(model.isPaused ? "pause" : "resume")
        if model.isPaused {
            try await workers[0].queue.pause(name, reason: "x")
        } else {
            try await workers[0].queue.resume(name)
        }
    }

    private mutating func replay() async throws {
        let chosen = model.dead.map(\.id).filter { _ in roll(0...1) == 0 }
        steps.append("replay \(chosen)")
        let count = try await workers[0].queue.replay(DeadLetterSelection(messages: chosen, queue: name))
        guard count == chosen.count else { throw Disagreement(description: "replayed \(count), not \(chosen.count)") }
        model.replay(chosen)
    }

    private mutating func cancel() async throws {
        let chosen = model.messages.map(\.id).filter { _ in roll(0...4) == 0 }
        steps.append("cancel \(chosen)")
        let queue = workers[0].queue
        let count = try await database.transaction { try queue.cancel(chosen, cause: Cause(code: "x"), in: $0) }
        let expected = model.cancel(chosen)
        guard count == expected else { throw Disagreement(description: "cancelled \(count), not \(expected)") }
    }

    private mutating func changePolicy() async throws {
        let attempts = roll(1...4)
        steps.append("attempts \(attempts)")
        try await workers[0].queue.declare([name])
        try await workers[0].queue.setPolicy(of: name, [.attempts: Double(attempts)])
        for worker in workers { try await worker.queue.refreshPolicies() }
        model.maximumAttempts = attempts
    }

    /// Every row against the model.
    private func compare() async throws {
        let rows = try await database.query(
            """
            SELECT s.id, s.shelf, s.attempt, s.lost, s.fence, s.lease_until IS NOT NULL
            FROM queue.state AS s
            JOIN queue.queue AS q ON q.id = s.queue
            WHERE q.name = \(name)
            ORDER BY s.position
            """
        ).decode(Int64.self, Int16.self, Int.self, Int.self, Int.self, Bool.self)
        let found = rows.map { "\($0.0) shelf \($0.1) attempt \($0.2) lost \($0.3) fence \($0.4) leased \($0.5)" }
        let wanted = model.live.map {
            "\($0.id) shelf \($0.shelf!.rawValue) attempt \($0.attempt) lost \($0.lost) fence \($0.fence) leased \($0.isLeased)"
        }
        guard found == wanted else { throw Disagreement(description: "the rows are \(found), not \(wanted)") }
        let dead = try await workers[0].queue.deadLetters(DeadLetterSelection(queue: name)).map(\.messageID)
        guard dead == model.dead.map(\.id).sorted() else { throw Disagreement(description: "dead are \(dead)") }
    }

    /// In the end all can be worked off, each key in its order.
    private mutating func drain() async throws {
        if model.isPaused { try await pause() }
        for worker in workers.indices { crash(worker) }
        try await endLeases()
        try await endWaits()
        // A message may be lost and found as often as it may be lost at all, and each time its key waits.
        for _ in 0..<(8 * model.messages.count + 8) where !model.live.isEmpty {
            try await claim(0)
            let held = workers[0].leases
            workers[0].leases = []
            for held in held { _ = model.acknowledge(held.expected) }
            guard try await workers[0].queue.acknowledge(held.map(\.lease)).isEmpty else {
                throw Disagreement(description: "an acknowledgement was refused")
            }
            try await compare()
        }
        guard model.live.isEmpty else { throw Disagreement(description: "\(model.live.count) messages are stuck") }
    }
}
