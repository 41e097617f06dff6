import Channels
import Foundation
import Synchronization
import Testing
import Translation

@testable import Hub

struct BatchDispatchTests {
    /// A channel that keeps what it is given and answers as it is told.
    private final class Drop: OutboundChannel {
        let outcome: DeliveryOutcome
        private let kept = Mutex<[Delivery]>([])

        init(_ outcome: DeliveryOutcome) { self.outcome = outcome }

        var deliveries: [Delivery] { kept.withLock { $0 } }

        func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
            kept.withLock { $0.append(delivery) }
            return outcome
        }

        func probe() async -> [ProbeStep] { [] }
    }

    private static func outbound(_ purpose: String) throws -> Outbound {
        let adapters = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../adapters")
        let adapter = try #require(AdapterCatalogue.load(adapters.standardizedFileURL.path).0["dwp_jcp"])
        return try #require(adapter.outbound.first { $0.batch != nil && $0.purpose == purpose })
    }

    private static func table(_ outbound: Outbound, _ row: String) -> [UInt8] { outbound.joined([]) + Array(row.utf8) }

    /// Delivers rows at once; the outcome of each.
    private func deliver(
        _ rows: [(outbound: Outbound, row: String)], by channel: Drop
    ) async -> [DeliveryOutcome] {
        let batches = BatchDispatch(to: "dwp_jcp", from: "derby_lac")
        return await withTaskGroup(of: DeliveryOutcome.self) { group in
            for (outbound, row) in rows {
                group.addTask {
                    await batches.deliver(
                        ReleaseGate.Release(
                            attempt: 1, channel: channel, outbound: outbound,
                            delivery: Delivery(
                                id: row, recipient: "dwp_jcp", bytes: Self.table(outbound, row), mediaType: "text/csv"),
                            awaited: nil, mayRepeat: true))
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test func `what comes together leaves as one table of each purpose, and each learns what became of it`()
        async throws
    {
        let (benefits, support) = (try Self.outbound("benefits_support"), try Self.outbound("support_referral"))
        let channel = Drop(.delivered(reference: "NAME"))
        let outcomes = await deliver([(benefits, "1\r\n"), (support, "2\r\n"), (benefits, "3\r\n")], by: channel)
        #expect(outcomes == Array(repeating: .delivered(reference: "NAME"), count: 3))
        let bytes = Set(channel.deliveries.map(\.bytes))
        let orders = [["1\r\n", "3\r\n"], ["3\r\n", "1\r\n"]].map { rows in
            benefits.joined(rows.map { Self.table(benefits, $0) })
        }
        #expect(channel.deliveries.count == 2 && bytes.contains(Self.table(support, "2\r\n")))
        #expect(!bytes.isDisjoint(with: orders))
        #expect(Set(channel.deliveries.map(\.fileName)).count == 2)
        #expect(channel.deliveries.allSatisfy { $0.fileName?.hasPrefix("DERBY_LAC_") == true })
    }

    @Test func `one that did not arrive is tried again at one moment`() async throws {
        let benefits = try Self.outbound("benefits_support")
        let channel = Drop(.retryable(code: "connect", text: "no", after: nil))
        let outcomes = await deliver([(benefits, "1\r\n"), (benefits, "2\r\n")], by: channel)
        let again = DeliveryOutcome.retryable(code: "connect", text: "no", after: benefits.retry.first)
        #expect(outcomes == [again, again] && channel.deliveries.count == 1)
    }

    @Test func `a full table leaves at once, and the rest as another`() async throws {
        let benefits = try Self.outbound("benefits_support")
        let channel = Drop(.rejected(code: "denied", text: "no"))
        let rows = (0...Outbound.Batch.mostRows).map { (benefits, "\($0)\r\n") }
        let outcomes = await deliver(rows, by: channel)
        #expect(outcomes.count == rows.count && Set(outcomes) == [.rejected(code: "denied", text: "no")])
        let counts = channel.deliveries.map { $0.bytes.count { $0 == UInt8(ascii: "\n") } - 1 }
        #expect(counts.sorted() == [1, Outbound.Batch.mostRows])
    }
}
