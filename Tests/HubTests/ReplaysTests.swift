import CaseStore
import MessageQueue
import Postgres
import TestSupport
import Testing

@testable import Hub

/// Dead letters that staff have tried again, on real queues.
@Suite(.installation) struct ReplaysTests {
    private static let cause = Cause(code: "refused", text: "status 422")

    /// Sets so many messages aside for the same reason.
    @discardableResult
    private func bury(_ count: Int, in hub: Installation) async throws -> [MessageID] {
        let ids = try await hub.queue.enqueue(
            (0..<count).map { _ in NewMessage(queue: Intake.queueName, payload: [1], correlation: .v7()) })
        for lease in try await hub.queue.claim(Intake.queueName, limit: count) {
            #expect(try await hub.queue.deadLetter(lease, cause: Self.cause))
        }
        return ids
    }

    private func ask(
        _ replays: Replays, message: MessageID? = nil, after wait: Duration = .zero,
        by actor: String = "staff/an.operator"
    ) async throws -> UUIDValue? {
        try await replays.ask(
            of: Intake.queueName, fingerprint: Self.cause.fingerprint, message: message, by: actor, after: wait)
    }

    private func replay(_ id: UUIDValue, _ hub: Installation) async throws -> Replay {
        let found = try await hub.database.read { [store = hub.store] connection in
            try store.replay(id, in: connection)
        }
        return try #require(found)
    }

    private func dead(_ hub: Installation) async throws -> Int {
        try await hub.queue.deadLetters(.init()).count
    }

    /// How often each message was brought back, by the history.
    private func returns() async throws -> [Int64: Int] {
        let rows = try await TestDatabase.current.database.query(
            "SELECT unnest(messages), count(*) FROM queue.history WHERE outcome = 'replayed' GROUP BY 1")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(Int64.self, Int.self) })
    }

    @Test func `what staff were to do about a letter is done with once it is brought back`() async throws {
        try await TestInstallation.run { hub in
            let hub = hub.acting(as: .app)
            func open() async throws -> [WorkItem] {
                try await hub.acting(as: .console).database.read { [store = hub.store] in
                    try store.workItems(.deadLetter, limit: 9, in: $0)
                }
            }
            try await bury(2, in: hub)
            try await Housekeeping(hub).showDeadLetters()
            #expect(try await open().count == 2)
            let replays = Replays(hub)
            let id = try #require(try await ask(replays))
            #expect(try await replays.advance(id))
            #expect(try await open().isEmpty)
            // A process that had read them before finds them brought back, and shows nothing.
            try await Housekeeping(hub).showDeadLetters()
            #expect(try await open().isEmpty)
        }
    }

    @Test func `nothing is done before its time, and what is undone until then leaves everything as it was`()
        async throws
    {
        try await TestInstallation.run { hub in
            let hub = hub.acting(as: .app)
            let ids = try await bury(3, in: hub)
            let replays = Replays(hub)
            let id = try #require(try await ask(replays, after: Replays.patience))
            #expect(try await !ReplayKeeper(hub).keep())
            #expect(try await !replays.advance(id))
            let waiting = try await replay(id, hub)
            #expect(waiting.state == .waiting && waiting.wanted == 3 && waiting.askedBy == "staff/an.operator")
            #expect(waiting.beginsAt - waiting.askedAt == Replays.patience && waiting.cause == "refused")
            #expect(try await replays.cancel(id, by: "staff/c.worker"))
            try await TestDatabase.current.database.execute(
                "UPDATE record.replay SET begins_at = now() - interval '1 min'")
            #expect(try await !ReplayKeeper(hub).keep())
            #expect(try await !replays.advance(id))
            let undone = try await replay(id, hub)
            #expect(undone.state == .cancelled && undone.replayed == 0 && undone.cancelledBy == "staff/c.worker")
            let left = try await hub.queue.deadLetters(.init())
            #expect(left.map(\.messageID) == ids && left.allSatisfy { $0.attempts == 1 && $0.cause == Self.cause })
            #expect(try await returns().isEmpty)
            #expect(try await !replays.cancel(id, by: "staff/c.worker"))
        }
    }

    @Test func `it goes in parts, and after a crash in the middle of one it goes on where it was`() async throws {
        try await TestInstallation.run { hub in
            let ids = try await bury(10, in: hub)
            let id = try #require(try await ask(Replays(hub)))
            #expect(try await Replays(hub).advance(id, part: 4))
            let first = try await replay(id, hub)
            #expect(first.state == .running && first.replayed == 4 && first.endedAt == nil)
            // Everything of the next part is done but its end: as when the process is killed there.
            let owner = TestDatabase.current.database
            try await owner.execute("ALTER TABLE record.replay ADD CONSTRAINT crash CHECK (replayed < 5) NOT VALID")
            await #expect(throws: PostgresError.self) { try await Replays(hub).advance(id, part: 4) }
            #expect(try await replay(id, hub) == first)
            #expect(try await dead(hub) == 6)
            try await owner.execute("ALTER TABLE record.replay DROP CONSTRAINT crash")
            while try await Replays(hub).advance(id, part: 4) {}
            let last = try await replay(id, hub)
            #expect(last.state == .done && last.replayed == 10 && last.endedAt != nil)
            #expect(try await returns() == Dictionary(uniqueKeysWithValues: ids.map { ($0.rawValue, 1) }))
            #expect(try await hub.queue.claim(Intake.queueName, limit: 99).count == 10)
            #expect(try await hub.queue.check().isEmpty)
        }
    }

    @Test func `several nodes bring each message back once`() async throws {
        try await TestInstallation.run { hub in
            let ids = try await bury(60, in: hub)
            let id = try #require(try await ask(Replays(hub)))
            let parts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var parts = 0
                        let replays = Replays(hub)
                        while try await self.replay(id, hub).state != .done {
                            if try await replays.advance(id, part: 7) { parts += 1 }
                        }
                        return parts
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(parts == 9)
            #expect(try await replay(id, hub).replayed == 60)
            #expect(try await returns() == Dictionary(uniqueKeysWithValues: ids.map { ($0.rawValue, 1) }))
        }
    }

    @Test func `what dies after it was asked for, or dies again, is not part of it`() async throws {
        try await TestInstallation.run { hub in
            try await bury(3, in: hub)
            let id = try #require(try await ask(Replays(hub)))
            let late = try await bury(2, in: hub)
            #expect(try await Replays(hub).advance(id, part: 2))
            for lease in try await hub.queue.claim(Intake.queueName, limit: 9) {
                #expect(try await hub.queue.deadLetter(lease, cause: Self.cause))
            }
            while try await ReplayKeeper(hub).keep() {}
            #expect(try await replay(id, hub).replayed == 3)
            #expect(try await returns().values.allSatisfy { $0 == 1 })
            let left = Set(try await hub.queue.deadLetters(.init()).map(\.messageID))
            #expect(left.count == 4 && left.isSuperset(of: late))
        }
    }

    @Test func `asked for by several at once it is one, and one letter is asked for beside its group`() async throws {
        try await TestInstallation.run { hub in
            let ids = try await bury(3, in: hub)
            let asked = try await withThrowingTaskGroup(of: UUIDValue?.self) { group in
                for _ in 0..<8 { group.addTask { try await ask(Replays(hub), after: Replays.patience) } }
                return try await group.reduce(into: Set<UUIDValue?>()) { $0.insert($1) }
            }
            #expect(asked.count == 1 && asked.first != .some(nil))
            let one = try #require(try await ask(Replays(hub), message: ids[1]))
            #expect(try await ask(Replays(hub), message: ids[1]) == one)
            while try await ReplayKeeper(hub).keep() {}
            #expect(try await replay(one, hub).state == .done)
            #expect(try await hub.queue.deadLetters(.init()).map(\.messageID) == [ids[0], ids[2]])
            #expect(try await ask(Replays(hub), message: ids[1]) == nil)
            let nothing = try await Replays(hub).ask(of: "no.such", fingerprint: 1, message: nil, by: "x")
            #expect(nothing == nil)
        }
    }

    @Test func `stopped on the way it leaves the rest set aside, and can be asked for again`() async throws {
        try await TestInstallation.run { hub in
            try await bury(10, in: hub)
            let id = try #require(try await ask(Replays(hub)))
            #expect(try await Replays(hub).advance(id, part: 4))
            #expect(try await Replays(hub).cancel(id, by: "staff/c.worker"))
            #expect(try await !Replays(hub).advance(id, part: 4))
            #expect(try await replay(id, hub).state == .cancelled)
            #expect(try await dead(hub) == 6)
            let again = try #require(try await ask(Replays(hub)))
            while try await ReplayKeeper(hub).keep() {}
            let last = try await replay(again, hub)
            #expect(last.wanted == 6 && last.replayed == 6 && last.state == .done)
        }
    }

    @Test func `what fails again and again is given up, and stands in nobody's way`() async throws {
        try await TestInstallation.run { hub in
            let ids = try await bury(3, in: hub)
            let id = try #require(try await ask(Replays(hub)))
            let one = try #require(try await ask(Replays(hub), message: ids[2]))
            let owner = TestDatabase.current.database
            try await owner.execute(
                "ALTER TABLE record.replay ADD CONSTRAINT broken CHECK (message IS NOT NULL OR replayed = 0) NOT VALID")
            for _ in 0..<CaseStore.replayFailures { _ = try await ReplayKeeper(hub).keep() }
            let failed = try await replay(id, hub)
            #expect(failed.state == .failed && failed.replayed == 0 && failed.endedAt != nil)
            #expect(try await replay(one, hub).state == .done)
            #expect(try await dead(hub) == 2)
            try await owner.execute("ALTER TABLE record.replay DROP CONSTRAINT broken")
            let again = try #require(try await ask(Replays(hub)))
            while try await ReplayKeeper(hub).keep() {}
            #expect(try await replay(again, hub).state == .done)
        }
    }

    @Test func `it is forgotten after a month, and what is open is not`() async throws {
        try await TestInstallation.run { hub in
            let ids = try await bury(2, in: hub)
            let old = try #require(try await ask(Replays(hub), message: ids[0]))
            let open = try #require(try await ask(Replays(hub), message: ids[1], after: Replays.patience))
            while try await ReplayKeeper(hub).keep() {}
            let owner = TestDatabase.current.database
            try await owner.execute(
                "UPDATE record.replay SET asked_at = asked_at - interval '31 days', ended_at = ended_at - interval '31 days'"
            )
            try await Housekeeping(hub).retire()
            let left = try await owner.query("SELECT id FROM record.replay").map { try $0.decode(UUIDValue.self) }
            #expect(left == [open] && old != open)
        }
    }
}
