import CaseStore
import MessageQueue
import Postgres
import TestSupport
import Testing

@testable import Hub

@Suite(.installation) struct HousekeepingTests {
    /// Lets the only message of the intake queue die.
    private func kill(in hub: Installation) async throws {
        let lease = try #require(try await hub.queue.claim(Intake.queueName, limit: 1).first)
        #expect(try await hub.queue.deadLetter(lease, cause: Cause(code: "internal", text: "it died")))
    }

    private func items(_ hub: Installation) async throws -> [WorkItem] {
        try await hub.database.read { [store = hub.store] in try store.workItems(.deadLetter, in: $0) }
    }

    @Test func `a message that dies is shown to staff once for each death, whoever keeps house`() async throws {
        try await TestInstallation.run { hub in
            let housekeeping = Housekeeping(hub)
            let receipt = UUIDValue.v7()
            let message = try await hub.queue.enqueue(
                NewMessage(queue: Intake.queueName, payload: [1], correlation: receipt))
            try await kill(in: hub)
            try await housekeeping.showDeadLetters()
            try await housekeeping.showDeadLetters()
            let first = try #require(try await items(hub).first)
            #expect(first.item.message == message.rawValue && first.item.submission == receipt)
            #expect(try await items(hub).count == 1)

            // Staff are done with it and leave it dead: neither this process nor the next one brings it up again.
            let finished = try await hub.database.transaction { [store = hub.store] connection in
                try store.finishWorkItem(first.id, by: "worker-7", in: connection)
            }
            #expect(finished)
            try await housekeeping.showDeadLetters()
            try await Housekeeping(hub).showDeadLetters()
            #expect(try await items(hub).isEmpty)

            // Replayed, it dies a second time, of the same cause.
            #expect(try await hub.queue.replay(.init(queue: Intake.queueName)) == 1)
            try await kill(in: hub)
            try await housekeeping.showDeadLetters()
            let second = try #require(try await items(hub).first)
            #expect(second.id != first.id && second.item.message == message.rawValue)
            #expect(second.item.submission == receipt)
            #expect(try await items(hub).count == 1)
        }
    }
}
