import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct HastenTests {
    @Test func `what waits for a later moment is due at the one that is given`() async throws {
        try await withQueue { queue in
            let later = Timestamp.now() + .seconds(3_600)
            for (name, payload) in [("batch.a", "1"), ("batch.a", "2"), ("batch.b", "3")] {
                _ = try await queue.enqueue(NewMessage(queue: name, payload: Array(payload.utf8), notBefore: later))
            }
            _ = try await queue.enqueue(NewMessage("batch.a", "4"))
            #expect(try await queue.hasten("batch.a", until: later + .seconds(1)) == 0)
            #expect(try await queue.claim("batch.a", limit: 9).map(\.payload) == [Array("4".utf8)])
            // A wait between attempts is not cut short.
            #expect(try await queue.hasten("batch.a", until: .now() - .seconds(1), sparing: .seconds(7_200)) == 0)
            #expect(try await queue.hasten("batch.a", until: .now() - .seconds(1)) == 2)
            #expect(try await queue.claimEventually("batch.a", limit: 9).count == 2)
            #expect(try await queue.claim("batch.b", limit: 9).isEmpty)
            #expect(try await queue.hasten("nowhere", until: .now()) == 0)
        }
    }
}
