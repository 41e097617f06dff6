import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct QueueMeterTests {
    @Test func `what a process does with a queue is counted`() async throws {
        try await withQueue { queue in
            _ = try await queue.enqueue(NewMessage("intake", "1"))
            _ = try await queue.enqueue([NewMessage("intake", "2"), NewMessage("intake", "3"), NewMessage("out", "x")])
            let leases = try await queue.claim("intake", limit: 9)
            _ = try await queue.acknowledge([leases[0]])
            _ = try await queue.retry(leases[1], cause: Cause(code: "x"), after: .seconds(60))
            try await queue.expireLeases()
            let again = try await queue.claimEventually("intake", limit: 9)
            // Both under a lease that is gone: the one was settled, the other lost.
            #expect(try await queue.acknowledge([leases[0], leases[2]]).count == 2)
            _ = try await queue.deadLetter(again[0], cause: Cause(code: "x"))
            let meter = try #require(queue.meters["intake"])
            #expect(meter.enqueued == 3)
            #expect(meter.attempts == 4)
            #expect(meter.outcomes == [.acknowledged: 1, .retried: 1, .deadLettered: 1])
            #expect(meter.lostLeases == 1)
            #expect(meter.refused == 2)
            #expect(meter.batchSizes.count == 2 && meter.batchSizes.sum == 4)
            #expect(meter.claimSeconds.count >= 2 && meter.claimSeconds.sum > 0)
            #expect(queue.meters["out"]?.enqueued == 1)
        }
    }

    @Test func `a value counts under the first bound that holds it`() {
        var spread = QueueMeter.Spread(bounds: [1, 10])
        for value in [0.5, 1, 2, 99] { spread.add(value) }
        #expect(spread.counts == [2, 1])
        #expect(spread.count == 4)
        #expect(spread.sum == 102.5)
    }
}
