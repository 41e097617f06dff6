import CaseStore
import MessageQueue
import Postgres
import TestSupport
import Testing

/// What each function does with the queues, as its role.
@Suite(.store) struct QueueRightsTests {
    private func withQueue(_ body: (Fixture, MessageQueue) async throws -> Void) async throws {
        try await Fixture.run { f in
            var configuration = MessageQueue.Configuration()
            configuration.policies["out.derby_homes"] = QueuePolicy(
                rate: MessageRate(perSecond: 1_000), breaker: CircuitBreaker(failures: 5))
            let queue = MessageQueue(database: f.database, node: "test", configuration: configuration)
            try await body(f, queue)
        }
    }

    private func message(_ text: String, key: String? = nil, _ queue: String = "intake") -> NewMessage {
        NewMessage(queue: queue, key: key, payload: Array(text.utf8), correlation: .v7())
    }

    @Test(arguments: [DatabaseRole.ingest, .emergency, .worker, .console])
    func `whoever has something done later enqueues it`(role: DatabaseRole) async throws {
        try await withQueue { f, queue in
            let own = queue.acting(as: role)
            _ = try await own.enqueue(message("1", key: "k"))
            _ = try await own.enqueue([message("2", key: "k"), message("3", key: "l"), message("4")])
            _ = try await f.transaction(as: role) { try own.enqueue([message("5", key: "k", "another")], in: $0) }
            let leases = try await queue.acting(as: .worker).claim("intake", limit: 9)
            #expect(Set(leases.map { String(decoding: $0.payload, as: UTF8.self) }) == ["1", "3", "4"])
        }
    }

    @Test(arguments: [DatabaseRole.ingest, .emergency, .console, .audit, .retention, .serving])
    func `nobody but who works behind the queue takes messages from it`(role: DatabaseRole) async throws {
        try await withQueue { _, queue in
            _ = try await queue.enqueue(message("1"))
            let error = try await #require(throws: PostgresError.self) {
                try await queue.acting(as: role).claim("intake", limit: 1)
            }
            #expect(error.state == .insufficientPrivilege)
        }
    }

    @Test(arguments: ["intake", "out.derby_homes"])
    func `the worker takes messages through every outcome`(name: String) async throws {
        try await withQueue { f, queue in
            let worker = queue.acting(as: .worker)
            try await worker.declare([name])
            try await worker.publishPolicies()
            try await worker.refreshPolicies()
            _ = try await worker.enqueue((0..<6).map { message("\($0)", key: "k\($0)", name) })
            let leases = try await worker.claim(name, limit: 6)
            #expect(leases.count == 6)
            #expect(try await worker.renew(leases, for: .seconds(60)).isEmpty)
            #expect(try await worker.acknowledge([leases[0]]).isEmpty)
            #expect(try await worker.retry(leases[1], cause: Cause(code: "later"), after: .seconds(60)))
            #expect(try await worker.deadLetter(leases[2], cause: Cause(code: "broken")))
            #expect(try await worker.release([leases[3]]).isEmpty)
            #expect(try await f.transaction(as: .worker) { try worker.acknowledge(leases[4], in: $0) })
            #expect(try await worker.hasten(name, until: .now()) == 1)
            _ = try await worker.expire()
            #expect(try await worker.deadLetters(.init(queue: name)).count == 1)
        }
    }

    @Test func `staff bring back what died and take back what waits`() async throws {
        try await withQueue { f, queue in
            let (worker, console) = (queue.acting(as: .worker), queue.acting(as: .console))
            _ = try await worker.enqueue(message("1", key: "a"))
            let waiting = try await worker.enqueue(message("2", key: "a"))
            let dies = try await worker.enqueue(message("3", key: "b"))
            let lease = try #require(try await worker.claim("intake", limit: 9).first { $0.messageID == dies })
            #expect(try await worker.deadLetter(lease, cause: Cause(code: "broken")))
            let letters = try await console.deadLetters(.init(queue: "intake"))
            #expect(letters.count == 1)
            #expect(try await console.replay(.init(messages: letters.map(\.messageID), limit: 1)) == 1)
            let cancelled = try await f.transaction(as: .console) {
                try console.cancel([waiting, dies], cause: Cause(code: "withdrawn"), in: $0)
            }
            #expect(cancelled == 2)
            #expect(try await queue.check().isEmpty)
        }
    }

    @Test func `staff pause and resume, and change nothing else of a queue`() async throws {
        try await withQueue { f, queue in
            try await queue.declare(["intake"])
            let console = queue.acting(as: .console)
            let pause = try #require(try await console.pause("intake", reason: "x", replacing: false))
            #expect(try await console.resume("intake", only: pause.since))
            let error = try await #require(throws: PostgresError.self) {
                try await f.database.acting(as: .console).execute("UPDATE queue.queue SET created_at = now()")
            }
            #expect(error.state == .insufficientPrivilege)
        }
    }

    @Test func `figures and history are read by who may change nothing`() async throws {
        try await withQueue { _, queue in
            let (worker, audit) = (queue.acting(as: .worker), queue.acting(as: .audit))
            let id = try await worker.enqueue(message("1"))
            let lease = try #require(try await worker.claim("intake", limit: 1).first)
            #expect(try await worker.deadLetter(lease, cause: Cause(code: "broken")))
            #expect(try await audit.statistics().first?.dead == 1)
            #expect(try await audit.deadLetterGroups().count == 1)
            #expect(try await audit.history(of: id).count > 1)
            #expect(try await audit.pace(of: "intake").lastFailure?.cause == "broken")
            #expect(try await audit.check().isEmpty)
        }
    }

    @Test func `retention drops an era after what lives in it was carried over`() async throws {
        try await withQueue { _, queue in
            let (worker, retention) = (queue.acting(as: .worker), queue.acting(as: .retention))
            _ = try await worker.enqueue((0..<6).map { message("\($0)", key: "k\($0)") })
            let leases = try await worker.claim("intake", limit: 3)
            #expect(try await worker.acknowledge([leases[0]]).isEmpty)
            #expect(try await worker.deadLetter(leases[1], cause: Cause(code: "broken")))
            #expect(try await worker.deadLetter(leases[2], cause: Cause(code: "broken")))
            #expect(try await queue.acting(as: .console).replay(.init(messages: [leases[2].messageID], limit: 1)) == 1)
            func age() async throws {
                try await TestDatabase.current.database.execute(
                    "UPDATE queue.era SET opened_at = opened_at - interval '40 days'")
            }
            try await age()
            #expect(try await retention.retire(olderThan: .seconds(30 * 86_400)).opened == 2)
            try await age()
            let rotation = try await retention.retire(olderThan: .seconds(30 * 86_400))
            #expect((rotation.dropped, rotation.carried) == ([1], 5))
            #expect(try await queue.check().isEmpty)
        }
    }
}
