import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct ClaimTests {
    @Test func `claims give each message once`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<10).map { NewMessage("intake", "\($0)") })
            let first = try await queue.claim("intake", limit: 6)
            let second = try await queue.claim("intake", limit: 6)
            #expect(first.map(\.text) == ["0", "1", "2", "3", "4", "5"])
            #expect(second.map(\.text) == ["6", "7", "8", "9"])
            #expect(try await queue.claim("intake", limit: 6).isEmpty)
        }
    }

    @Test func `concurrent claims give each message once`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<500).map { NewMessage("intake", "\($0)", key: "k\($0 % 300)") })
            let claimed = try await withThrowingTaskGroup(of: [MessageID].self) { group in
                for _ in 0..<8 { group.addTask { try await queue.claim("intake", limit: 70).map(\.messageID) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 300)
            #expect(Set(claimed).count == 300)
        }
    }

    @Test func `only the oldest message of a key is claimed, and the next when it is gone`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(
                ["a1", "b1", "a2", "b2", "a3"].map { NewMessage("intake", $0, key: String($0.first!)) })
            let heads = try await queue.claim("intake", limit: 9)
            #expect(heads.map(\.text) == ["a1", "b1"])
            #expect(try await queue.claim("intake", limit: 9).isEmpty)
            #expect(try await queue.acknowledge([heads[0]]).isEmpty)
            #expect(try await queue.claim("intake", limit: 9).map(\.text) == ["a2"])
        }
    }

    @Test func `messages without a key do not wait for each other`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<3).map { NewMessage("intake", "\($0)") })
            #expect(try await queue.claim("intake", limit: 9).count == 3)
        }
    }

    @Test func `the more urgent goes first, but never before an older one of its key`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([
                NewMessage("intake", "routine"), NewMessage("intake", "k1", key: "k"),
                NewMessage("intake", "k2", key: "k", priority: .emergency),
                NewMessage("intake", "urgent", priority: .urgent),
                NewMessage("intake", "emergency", priority: .emergency),
            ])
            let leases = try await queue.claim("intake", limit: 9)
            #expect(leases.map(\.text) == ["emergency", "urgent", "routine", "k1"])
            #expect(try await queue.acknowledge([leases[3]]).isEmpty)
            #expect(try await queue.claim("intake", limit: 9).map(\.text) == ["k2"])
        }
    }

    @Test func `routine messages get through while emergencies arrive without end`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([NewMessage("intake", "routine")])
            var claims = 0
            var seen = ""
            while seen != "routine", claims < 20 {
                claims += 1
                _ = try await queue.enqueue(
                    (0..<2).map { _ in NewMessage("intake", "emergency", priority: .emergency) })
                seen = try await queue.claim("intake", limit: 1)[0].text
            }
            #expect(claims == 8)
        }
    }

    @Test func `a delayed message waits for its time and holds back its key`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([
                NewMessage("intake", "later", key: "k", notBefore: .now() + .seconds(3600)),
                NewMessage("intake", "behind", key: "k"), NewMessage("intake", "free"),
            ])
            #expect(try await queue.claim("intake", limit: 9).map(\.text) == ["free"])
            #expect(try await queue.statistics(of: "intake").delayed == 1)
            try await queue.endWaits()
            #expect(try await queue.claimEventually("intake", limit: 9).map(\.text) == ["later"])
        }
    }

    @Test func `a delayed message behind another waits for its time when its turn comes`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([
                NewMessage("intake", "first", key: "k"),
                NewMessage("intake", "later", key: "k", notBefore: .now() + .seconds(3600)),
            ])
            let first = try await queue.claim("intake", limit: 9)
            #expect(try await queue.statistics(of: "intake").delayed == 1)
            #expect(try await queue.acknowledge(first).isEmpty)
            #expect(try await queue.claim("intake", limit: 9).isEmpty)
            try await queue.endWaits()
            #expect(try await queue.claimEventually("intake", limit: 9).map(\.text) == ["later"])
        }
    }

    @Test func `a time in the past is no delay`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1", notBefore: .now() - .seconds(5)))
            #expect(try await queue.claim("intake", limit: 9).count == 1)
        }
    }

    @Test func `a message that commits below the floor is found`() async throws {
        try await withQueue { queue in
            try await queue.declare(["intake"])
            // Draws its place first and commits last, while later places come and go.
            let late = try await OpenTransaction(on: queue.database) { connection in
                _ = try queue.enqueue([NewMessage("intake", "late")], in: connection)
            }
            for _ in 0..<3 {
                _ = try await queue.enqueue(NewMessage("intake", "quick"))
                queue.shared.plans.withLock { $0["intake"]?.surveyNext() }
                _ = try await queue.acknowledge(try await queue.claim("intake", limit: 9))
            }
            try await late.commit()
            #expect(try await queue.claimEventually("intake", limit: 9).map(\.text) == ["late"])
        }
    }

    // MARK: Leases

    @Test func `an expired lease returns to its queue with a higher fence`() async throws {
        try await withQueue { queue in
            let id = try await queue.enqueue(NewMessage("intake", "1", key: "k"))
            let first = try #require(try await queue.claim("intake", limit: 1).first)
            try await queue.expireLeases()
            let second = try #require(try await queue.claimEventually("intake", limit: 1).first)
            #expect(second.messageID == id)
            #expect(second.fence > first.fence)
            #expect(second.attempt == 2)
            #expect(second.isSuspect)
        }
    }

    @Test func `outcomes under a lost lease are refused, whatever they are`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            let stale = try #require(try await queue.claim("intake", limit: 1).first)
            try await queue.expireLeases()
            let current = try #require(try await queue.claimEventually("intake", limit: 1).first)
            let cause = Cause(code: "x")
            #expect(try await queue.acknowledge([stale]).map(\.fence) == [stale.fence])
            #expect(try await !queue.retry(stale, cause: cause))
            #expect(try await !queue.deadLetter(stale, cause: cause))
            #expect(try await queue.release([stale]).count == 1)
            #expect(try await queue.renew([stale], for: .seconds(9)).count == 1)
            #expect(try await queue.database.transaction { try !queue.acknowledge(stale, in: $0) })
            #expect(try await queue.statistics(of: "intake").leased == 1)
            #expect(try await queue.acknowledge([current]).isEmpty)
        }
    }

    @Test func `a renewed lease does not expire`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue([NewMessage("intake", "1"), NewMessage("intake", "2")])
            let leases = try await queue.claim("intake", limit: 2, lease: .milliseconds(100))
            #expect(try await queue.renew([leases[0]], for: .seconds(60)).isEmpty)
            let again = try await queue.claimEventually("intake", limit: 2)
            #expect(again.map(\.text) == ["2"])
            #expect(try await queue.acknowledge([leases[0]]).isEmpty)
        }
    }

    @Test func `a renewal does not wait for a holder's own transaction`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            let lease = try #require(try await queue.claim("intake", limit: 1).first)
            let transaction = try await OpenTransaction(on: queue.database) { connection in
                _ = try queue.acknowledge(lease, in: connection)
            }
            #expect(try await queue.renew([lease], for: .seconds(60)).isEmpty)
            try await transaction.commit()
            #expect(try await queue.renew([lease], for: .seconds(60)).count == 1)
        }
    }

    @Test func `a message that kills its holder three times is set aside`() async throws {
        try await withQueue { queue in
            let id = try await queue.enqueue(NewMessage("intake", "poison", key: "k"))
            _ = try await queue.enqueue(NewMessage("intake", "behind", key: "k"))
            for attempt in 1...3 {
                let lease = try #require(try await queue.claimEventually("intake", limit: 9).first)
                #expect(lease.messageID == id)
                #expect(lease.attempt == attempt)
                try await queue.expireLeases()
            }
            #expect(try await queue.claimEventually("intake", limit: 9).map(\.text) == ["behind"])
            let dead = try #require(try await queue.deadLetters(DeadLetterSelection()).first)
            #expect(dead.messageID == id)
            #expect(dead.cause == .leaseLost)
            #expect(dead.lost == 3)
            let events = try await queue.history(of: id).map(\.event)
            #expect(events == [.enqueued, .lost, .lost, .lost, .deadLettered])
        }
    }

    @Test func `those that were in hand with a killer are not set aside with it`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue((0..<20).map { NewMessage("intake", $0 == 9 ? "poison" : "\($0)") })
            var delivered: Set<String> = []
            // A holder of many at once, which dies whenever it meets the poison, before it has settled anything of that
            // claim.
            for _ in 0..<60 where delivered.count < 19 {
                let leases = try await queue.claim("intake", limit: 20)
                if leases.contains(where: { $0.text == "poison" }) {
                    try await queue.expireLeases()
                } else {
                    delivered.formUnion(leases.map(\.text))
                    _ = try await queue.acknowledge(leases)
                }
            }
            #expect(delivered.count == 19)
            #expect(try await queue.deadLetters(DeadLetterSelection()).count == 1)
        }
    }

    @Test func `an outcome clears the suspicion`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            _ = try await queue.claim("intake", limit: 1)
            try await queue.expireLeases()
            let suspect = try #require(try await queue.claimEventually("intake", limit: 1).first)
            #expect(suspect.isSuspect)
            #expect(try await queue.statistics(of: "intake").suspect == 1)
            #expect(try await queue.retry(suspect, cause: Cause(code: "x")))
            let again = try #require(try await queue.claimEventually("intake", limit: 1).first)
            #expect(!again.isSuspect)
        }
    }
}
