import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct SettleTests {
    struct RolledBack: Error {}

    @Test func `an acknowledged message is gone and its document stays until retired`() async throws {
        try await withQueue { queue in
            let id = try await queue.enqueue(NewMessage("intake", "1"))
            #expect(try await queue.acknowledge(try await queue.claim("intake", limit: 1)).isEmpty)
            #expect(try await queue.claim("intake", limit: 1).isEmpty)
            let counts = try await TestDatabase.current.database.query(
                "SELECT (SELECT count(*) FROM queue.state), (SELECT count(*) FROM queue.message WHERE id = \(id.rawValue))"
            )[0].decode(Int.self, Int.self)
            #expect(counts == (0, 1))
        }
    }

    @Test func `an acknowledgement in a transaction that is rolled back did not happen`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            await #expect(throws: RolledBack.self) {
                try await queue.database.transaction { connection in
                    #expect(try queue.acknowledge(lease, in: connection))
                    throw RolledBack()
                }
            }
            #expect(try await queue.statistics(of: "intake").leased == 1)
            #expect(try await queue.database.transaction { try queue.acknowledge(lease, in: $0) })
            #expect(try await queue.statistics(of: "intake").leased == 0)
        }
    }

    @Test func `acknowledging in the transaction that enqueues the next step hands the key on`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "in", key: "k"))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            try await queue.database.transaction { connection in
                #expect(try queue.acknowledge([lease], in: connection).isEmpty)
                _ = try queue.enqueue([NewMessage("out.fire", "out", key: "k")], in: connection)
            }
            #expect(try await queue.claim("out.fire", limit: 1).map(\.text) == ["out"])
        }
    }

    @Test func `a retry waits at most as long as its back-off says and holds its key`() async throws {
        try await withQueue { configuration in
            configuration.defaultPolicy.backOff = BackOff(base: .seconds(100), cap: .seconds(250))
        } _: { queue in
            _ = try await queue.enqueue([NewMessage("intake", "1", key: "k"), NewMessage("intake", "2", key: "k")])
            for ceiling in [100, 200, 250, 250] {
                let lease = try #require(try await queue.claimEventually("intake", limit: 9).first)
                #expect(lease.text == "1")
                #expect(try await queue.retry(lease, cause: Cause(code: "unreachable")))
                #expect(try await queue.claim("intake", limit: 9).isEmpty)
                let wait = try await TestDatabase.current.database.query(
                    "SELECT wait_until - now() FROM queue.state WHERE shelf = 3")[0].decode(Duration.self)
                #expect((.seconds(-1) ... .seconds(ceiling)).contains(wait))
                try await queue.endWaits()
            }
        }
    }

    @Test func `a handler may name the wait`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            _ = try await queue.database.transaction { connection in
                try queue.retry(lease, cause: Cause(code: "busy"), after: .seconds(1000), in: connection)
            }
            let wait = try await TestDatabase.current.database.query(
                "SELECT wait_until - now() FROM queue.state WHERE shelf = 3")[0].decode(Duration.self)
            #expect((.seconds(990) ... .seconds(1000)).contains(wait))
        }
    }

    @Test func `a message whose attempts are used up is dead-lettered with its last cause`() async throws {
        try await withQueue { configuration in
            configuration.policies["out"] = QueuePolicy(maximumAttempts: 3, backOff: BackOff(base: .milliseconds(1)))
        } _: { queue in
            let id = try await queue.enqueue(NewMessage("out.fire", "1"))
            for attempt in 1...3 {
                let lease = try #require(try await queue.claimEventually("out.fire", limit: 1).first)
                #expect(lease.attempt == attempt)
                #expect(
                    try await queue.retry(
                        lease, cause: Cause(code: "status", text: "answered \(500 + attempt)"), after: .zero))
            }
            #expect(try await queue.statistics(of: "out.fire").dead == 1)
            let dead = try #require(try await queue.deadLetters(DeadLetterSelection(queue: "out.fire")).first)
            #expect(dead.messageID == id)
            #expect(dead.attempts == 3)
            #expect(dead.cause == Cause(code: "status", text: "answered 503"))
        }
    }

    @Test func `a dead letter frees its key`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([NewMessage("intake", "1", key: "k"), NewMessage("intake", "2", key: "k")])
            let lease = try #require(try await queue.claim("intake", limit: 9).first)
            _ = try await queue.database.transaction { try queue.deadLetter(lease, cause: Cause(code: "x"), in: $0) }
            #expect(try await queue.claim("intake", limit: 9).map(\.text) == ["2"])
        }
    }

    @Test func `a released message is claimable at once and its attempt does not count`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            #expect(try await queue.release([lease]).isEmpty)
            let again = try #require(try await queue.claim("intake", limit: 1).first)
            #expect(again.attempt == 1)
            #expect(again.fence == lease.fence + 1)
            #expect(!again.isSuspect)
        }
    }

    @Test func `a mixed list settles each lease by its own verdict`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<8).map { NewMessage("intake", "\($0)") })
            let leases = try await queue.claim("intake", limit: 8)
            var exchange = ConsumerState.Exchange()
            exchange.settlements = [
                Settlement(leases[7], .retry(Cause(code: "seven"), after: .seconds(700))),
                Settlement(leases[0], .acknowledge),
                Settlement(leases[6], .deadLetter(Cause(code: "six"))), Settlement(leases[1], .release),
                Settlement(leases[5], .retry(Cause(code: "five"), after: .seconds(500))),
                Settlement(leases[2], .deadLetter(Cause(code: "two"))), Settlement(leases[3], .acknowledge),
            ]
            exchange.renewals = [leases[4]]
            exchange.limit = 9
            let result = try await queue.exchange(exchange, queue: "intake", lease: .seconds(30))
            #expect(result.refused.isEmpty)
            #expect(result.lost.isEmpty)
            #expect(result.claimed.map(\.text) == ["1"])
            let waits = try await TestDatabase.current.database.query(
                """
                SELECT convert_from(m.payload, 'UTF8'), h.cause, round(extract(epoch FROM s.wait_until - now()) / 100)::int
                FROM queue.state AS s JOIN queue.message AS m USING (id) JOIN queue.history AS h ON m.id = ANY (h.messages)
                WHERE s.shelf = 3 ORDER BY 1
                """
            ).decode(String.self, String.self, Int.self)
            #expect(waits.map { "\($0) \($1) \($2)" } == ["5 five 5", "7 seven 7"])
            #expect(try await queue.deadLetters(DeadLetterSelection()).map(\.cause.code) == ["two", "six"])
        }
    }
}
