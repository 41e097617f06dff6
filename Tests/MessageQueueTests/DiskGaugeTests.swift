import Postgres
import TestSupport
import Testing

@testable import MessageQueue

@Suite(.queue) struct DiskGaugeTests {
    @Test func `nothing is taken in when the disk is nearly full`() async throws {
        try await withQueue {
            $0.storeFolder = "/tmp"
            $0.leastFreeBytes = .max
        } _: { queue in
            await #expect {
                try await queue.enqueue(NewMessage("intake", "x"))
            } throws: {
                if case QueueError.storeNearlyFull = $0 { true } else { false }
            }
            await #expect(throws: QueueError.self) { try await queue.enqueue([NewMessage("intake", "x")]) }
            await #expect(throws: QueueError.self) {
                try await queue.database.transaction { try queue.enqueue([NewMessage("intake", "x")], in: $0) }
            }
        }
    }

    @Test func `room enough, or a folder that is not here, refuses nothing`() throws {
        try DiskGauge(folder: "/tmp", least: 1).check()
        try DiskGauge(folder: "/nowhere/at/all", least: .max).check()
    }
}
