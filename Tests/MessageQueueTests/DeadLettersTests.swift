import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct DeadLettersTests {
    /// Enqueues these texts and dead-letters each, with the text's first letter as the cause.
    func bury(
        _ texts: [String], in queue: MessageQueue, name: String = "intake", key: String? = nil
    ) async throws -> [MessageID] {
        let ids = try await queue.enqueue(texts.map { NewMessage(name, $0, key: key) })
        for _ in texts {
            let lease = try #require(try await queue.claim(name, limit: 1).first)
            #expect(
                try await queue.deadLetter(
                    lease, cause: Cause(code: String(lease.text.first!), text: "at \(lease.messageID)")))
        }
        return ids
    }

    @Test func `a dead letter keeps its origin and its cause`() async throws {
        try await withQueue { queue in
            let correlation = UUIDValue.v7()
            let id = try await queue.enqueue(NewMessage("intake", "1", key: "k", correlation: correlation))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            #expect(try await queue.deadLetter(lease, cause: Cause(code: "refused", text: "status 422")))
            let dead = try #require(try await queue.deadLetters(DeadLetterSelection(messages: [id])).first)
            #expect(dead.queue == "intake")
            #expect(dead.key == "k")
            #expect(dead.correlation == correlation)
            #expect(dead.enqueuedAt == lease.enqueuedAt)
            #expect(dead.diedAt >= dead.enqueuedAt)
            #expect(dead.attempts == 1)
            #expect(dead.cause == Cause(code: "refused", text: "status 422"))
        }
    }

    @Test func `dead letters are grouped by what went wrong`() async throws {
        try await withQueue { queue in
            _ = try await bury(["a1", "b1", "a2", "a3"], in: queue)
            let groups = try await queue.deadLetterGroups()
            #expect(groups.map(\.count) == [3, 1])
            #expect(groups.map(\.cause.code) == ["a", "b"])
            #expect(groups[0].firstDied < groups[0].lastDied)
            #expect(groups[0].cause.text.hasSuffix("4"))
            _ = try await bury(["a5"], in: queue, name: "other")
            #expect(try await queue.deadLetterGroups(queue: "other").map(\.count) == [1])
            let fingerprint = groups[1].fingerprint
            #expect(try await queue.deadLetterGroups(queue: "intake", fingerprint: fingerprint) == [groups[1]])
            #expect(try await queue.deadLetterGroups(queue: "none such").isEmpty)
        }
    }

    @Test func `a group is read from the latest to the first, a part at a time`() async throws {
        try await withQueue { queue in
            let ids = try await bury(["a1", "b1", "a2", "a3", "a4"], in: queue)
            let fingerprint = Cause(code: "a", text: "at 1").fingerprint
            var (read, place): ([MessageID], DeadLetterPlace?) = ([], nil)
            for expected in [3, 1, 0] {
                let part = try await queue.latestDeadLetters(
                    of: "intake", fingerprint: fingerprint, after: place, limit: 3)
                #expect(part.count == expected)
                read += part.map(\.messageID)
                place = part.last.map { DeadLetterPlace($0) } ?? place
            }
            #expect(read == [ids[4], ids[3], ids[2], ids[0]])
            #expect(try await queue.latestDeadLetters(of: "other", fingerprint: fingerprint, limit: 3).isEmpty)
        }
    }

    @Test func `one that was brought back is set aside no more, and one that died again is another death`() async throws
    {
        try await withQueue { queue in
            let id = try await bury(["1"], in: queue)[0]
            let first = try #require(try await queue.deadLetters(DeadLetterSelection(messages: [id])).first)
            #expect(try await queue.database.transaction { try queue.isSetAside(first, in: $0) })
            _ = try await queue.database.transaction { try queue.replay(DeadLetterSelection(messages: [id]), in: $0) }
            #expect(try await queue.database.transaction { try !queue.isSetAside(first, in: $0) })
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            #expect(try await queue.deadLetter(lease, cause: Cause(code: "1")))
            #expect(try await queue.database.transaction { try !queue.isSetAside(first, in: $0) })
        }
    }

    @Test func `what was set aside later is not selected`() async throws {
        try await withQueue { queue in
            let ids = try await bury(["a1", "a2"], in: queue)
            let first = try #require(try await queue.deadLetters(DeadLetterSelection(messages: [ids[0]])).first)
            #expect(try await queue.replay(DeadLetterSelection(diedBy: first.diedAt)) == 1)
            #expect(try await queue.deadLetters(DeadLetterSelection()).map(\.messageID) == [ids[1]])
        }
    }

    @Test(arguments: [
        (DeadLetterSelection(queue: "intake"), ["a1", "a2", "b1"]),
        (DeadLetterSelection(causeCode: "a"), ["a1", "a2", "a9"]),
        (DeadLetterSelection(queue: "other", causeCode: "b"), []), (DeadLetterSelection(), ["a1", "a2", "a9", "b1"]),
        (DeadLetterSelection(fingerprint: Cause(code: "b", text: "at 1").fingerprint), ["b1"]),
        (DeadLetterSelection(limit: 1), ["a1"]), (DeadLetterSelection(queue: "none such"), []),
        (DeadLetterSelection(messages: []), []),
    ])
    func `a selection is replayed as the dry run said, and nothing else`(
        selection: DeadLetterSelection, texts: [String]
    ) async throws {
        try await withQueue { queue in
            _ = try await bury(["a1", "a2", "b1"], in: queue)
            _ = try await bury(["a9"], in: queue, name: "other")
            let announced = try await queue.deadLetters(selection).map(\.messageID)
            #expect(announced.count == texts.count)
            #expect(try await queue.replay(selection) == texts.count)
            let back = try await queue.claim("intake", limit: 9) + queue.claim("other", limit: 9)
            #expect(back.map(\.text).sorted() == texts)
            #expect(Set(back.map(\.messageID)) == Set(announced))
            #expect(try await queue.deadLetters(DeadLetterSelection()).count == 4 - texts.count)
        }
    }

    @Test func `a replayed message has its id, all its attempts, and stands behind its key's live messages`()
        async throws
    {
        try await withQueue { queue in
            let ids = try await bury(["dead"], in: queue, key: "k")
            _ = try await queue.enqueue(NewMessage("intake", "live", key: "k"))
            #expect(try await queue.replay(DeadLetterSelection(messages: ids)) == 1)
            let live = try #require(try await queue.claim("intake", limit: 9).first)
            #expect(live.text == "live")
            _ = try await queue.acknowledge([live])
            let replayed = try #require(try await queue.claim("intake", limit: 9).first)
            #expect(replayed.messageID == ids[0])
            #expect(replayed.attempt == 1)
            #expect(try await queue.acknowledge([replayed]).isEmpty)
            #expect(
                try await queue.history(of: ids[0]).map(\.event)
                    == [.enqueued, .deadLettered, .replayed, .acknowledged])
        }
    }

    @Test func `a replay waits for those who enqueue under its key`() async throws {
        try await withQueue { queue in
            let ids = try await bury(["dead"], in: queue, key: "k")
            let open = try await OpenTransaction(on: queue.database) { connection in
                _ = try queue.enqueue([NewMessage("intake", "new", key: "k")], in: connection)
            }
            let replay = Task { try await queue.replay(DeadLetterSelection(messages: ids)) }
            try await someoneWaitsForAKey()
            try await open.commit()
            #expect(try await replay.value == 1)
            #expect(try await queue.claimEventually("intake", limit: 9).map(\.text) == ["new"])
        }
    }

    @Test func `concurrent replays bring a message back once`() async throws {
        try await withQueue { queue in
            _ = try await bury((0..<20).map { "x\($0)" }, in: queue)
            let replayed = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await queue.replay(DeadLetterSelection()) } }
                return try await group.reduce(0, +)
            }
            #expect(replayed == 20)
            #expect(try await queue.claim("intake", limit: 99).count == 20)
        }
    }

    // MARK: Cancel

    @Test func `cancelled messages never go out, wherever they stood`() async throws {
        try await withQueue { queue in
            let dead = try await bury(["dead"], in: queue)
            let replayed = try await bury(["replayed"], in: queue)
            _ = try await queue.replay(DeadLetterSelection(messages: replayed))
            let retrying = try await queue.enqueue(NewMessage("intake", "retrying", priority: .emergency))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            #expect(try await queue.retry(lease, cause: Cause(code: "x"), after: .zero))
            let others = try await queue.enqueue([
                NewMessage("intake", "ready"), NewMessage("intake", "delayed", notBefore: .now() + .seconds(60)),
            ])
            let ids = dead + replayed + [retrying] + others
            let cancelled = try await queue.database.transaction { connection in
                try queue.cancel(ids, cause: Cause(code: "agreement_withdrawn"), in: connection)
            }
            #expect(cancelled == 5)
            try await queue.endWaits()
            queue.shared.plans.withLock { $0["intake"]?.surveyNext() }
            #expect(try await queue.claim("intake", limit: 9).isEmpty)
            #expect(try await queue.replay(DeadLetterSelection()) == 0)
            for id in ids {
                let last = try #require(try await queue.history(of: id).last)
                #expect(last.event == .cancelled)
                #expect(last.cause == "agreement_withdrawn")
            }
        }
    }

    @Test func `a message in somebody's hands is not cancelled, one with an expired lease is`() async throws {
        try await withQueue { queue in
            let ids = try await queue.enqueue([NewMessage("intake", "1"), NewMessage("intake", "2")])
            let first = try await queue.claim("intake", limit: 1)
            _ = try await queue.claim("intake", limit: 1, lease: .milliseconds(1))
            try await eventually {
                try await queue.statistics(of: "intake").leased == 1
            }
            let cancelled = try await queue.database.transaction { connection in
                try queue.cancel(ids, cause: Cause(code: "x"), in: connection)
            }
            #expect(cancelled == 1)
            #expect(try await queue.acknowledge(first).isEmpty)
            #expect(try await queue.history(of: ids[1]).last?.event == .cancelled)
        }
    }

    @Test func `cancelling the first of a key lets the next go, cancelling one behind does not`() async throws {
        try await withQueue { queue in
            let ids = try await queue.enqueue((1...5).map { NewMessage("intake", "\($0)", key: "k") })
            @Sendable func cancel(_ numbers: Int...) async throws -> Int {
                try await queue.database.transaction { connection in
                    try queue.cancel(numbers.map { ids[$0 - 1] }, cause: Cause(code: "x"), in: connection)
                }
            }
            #expect(try await cancel(1, 2) == 2)
            let third = try await queue.claimEventually("intake", limit: 9)
            #expect(third.map(\.text) == ["3"])
            #expect(try await cancel(3, 4) == 1)
            #expect(try await queue.claim("intake", limit: 9).isEmpty)
            #expect(try await queue.check().isEmpty)
            #expect(try await queue.acknowledge(third).isEmpty)
            #expect(try await queue.claim("intake", limit: 9).map(\.text) == ["5"])
        }
    }

    @Test func `a message that moves while it is being cancelled does not escape`() async throws {
        try await withQueue { queue in
            let id = try await queue.enqueue(NewMessage("intake", "1", notBefore: .now() + .seconds(60)))
            // As a claim does that finds the message due, and has not committed yet.
            let promotion = try await OpenTransaction(on: queue.database) { connection in
                try connection.execute("UPDATE queue.state SET shelf = priority, wait_until = NULL")
            }
            let cancel = Task {
                try await queue.database.transaction { connection in
                    try queue.cancel([id], cause: Cause(code: "x"), in: connection)
                }
            }
            try await eventually {
                try await TestDatabase.current.database.query("SELECT 1 FROM pg_locks WHERE NOT granted").count > 0
            }
            try await promotion.commit()
            #expect(try await cancel.value == 1)
            #expect(try await queue.claim("intake", limit: 9).isEmpty)
        }
    }

    @Test func `a cancellation that is rolled back did not happen`() async throws {
        struct RolledBack: Error {}
        try await withQueue { queue in
            let id = try await queue.enqueue(NewMessage("intake", "1"))
            await #expect(throws: RolledBack.self) {
                try await queue.database.transaction { connection in
                    #expect(try queue.cancel([id], cause: Cause(code: "x"), in: connection) == 1)
                    throw RolledBack()
                }
            }
            #expect(try await queue.claim("intake", limit: 9).count == 1)
        }
    }
}
