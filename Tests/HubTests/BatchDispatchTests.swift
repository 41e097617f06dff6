import Channels
import Foundation
import Postgres
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
                            attempt: 1, person: .v7(), channel: channel, outbound: outbound,
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

    @Test func `of an exercise's table the rows that hold leave, with a report, and the others learn why they do not`()
        async throws
    {
        let adapters = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../adapters")
        let folder = adapters.standardizedFileURL.path
        let adapter = try #require(AdapterCatalogue.load(folder).0["cabinet_office"]).filling(
            sheetFile: "\(folder)/cabinet_office/sheet.example.yaml", by: .nfiWeb
        ).adapter
        let outbound = try #require(adapter.outbound.first { $0.sheet != nil })
        let sheet = try #require(outbound.sheet)
        func release(
            _ id: String, of person: UUIDValue, row: String? = nil, by other: Drop? = nil
        ) -> ReleaseGate.Release {
            let cells = row ?? "\(id),Ms,Example,Anne,,03/02/1948,1 Example Street,,,,DE1 2FS,,,,"
            let quoted = cells.split(separator: ",", omittingEmptySubsequences: false).map { "\"\($0)\"" }
            return ReleaseGate.Release(
                attempt: 1, person: person, channel: other ?? channel, outbound: outbound,
                delivery: Delivery(
                    id: id, recipient: "cabinet_office",
                    bytes: sheet.emptyTable + Array("\(quoted.joined(separator: ","))\r\n".utf8), mediaType: "text/csv"),
                awaited: nil, mayRepeat: false)
        }
        let channel = Drop(.delivered(reference: "NAME"))
        let batches = BatchDispatch(to: "cabinet_office", from: "derby_lac")
        let person = UUIDValue.v7()
        await batches.leaveOut(person, code: "sheet_exercise", of: outbound)
        let releases = [release("2", of: person), release("1", of: person), release("3", of: .v7(), row: "3")]
        let outcomes = await withTaskGroup(of: (String, DeliveryOutcome).self) { group in
            for release in releases {
                group.addTask { (release.delivery.id, await batches.deliver(release)) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes["1"] == .delivered(reference: "NAME"))
        guard case .rejected("sheet_one_per", _)? = outcomes["2"], case .rejected("sheet_columns", _)? = outcomes["3"],
            let delivery = channel.deliveries.first, let report = delivery.report
        else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(channel.deliveries.count == 1 && delivery.bytes == releases[1].delivery.bytes)
        #expect(report.ending == ".check.json")
        let text = String(decoding: report.bytes, as: UTF8.self)
        #expect(text.contains("\"rows\":1") && text.contains("\"code\":\"sheet_exercise\"") && !text.contains("Anne"))
        // While the table has not left, nobody has lost to another's row.
        let full = Drop(.retryable(code: "disk_full", text: "no", after: nil))
        let rest = [release("5", of: person, by: full), release("6", of: person, by: full)]
        async let first = batches.deliver(rest[0])
        async let second = batches.deliver(rest[1])
        for outcome in await [first, second] {
            guard case .retryable("disk_full", _, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
        // None of which a row holds is laid down.
        #expect(await batches.deliver(release("4", of: person, row: "4")) != .delivered(reference: "NAME"))
        #expect(channel.deliveries.count == 1)
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
