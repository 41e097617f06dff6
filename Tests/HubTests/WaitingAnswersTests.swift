import CaseStore
import Foundation
import MessageQueue
import Postgres
import Referral
import TestSupport
import Testing
import Translation

@testable import Hub

/// What a hospital sends about one referral arrives backwards.
@Suite(.installation) struct WaitingAnswersTests {
    private let trust = Principal(id: "uhdb", kind: .partner, adapter: "uhdb", name: "Trust")

    private func arrive(_ sample: String, _ intake: Intake) async throws -> UUIDValue {
        let samples = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../adapters/uhdb/samples/in")
        let bytes = [UInt8](try Data(contentsOf: samples.appending(path: "\(sample).hl7")))
        let arrival = Arrival(sender: trust, channel: .https, format: .hl7v2, bytes: bytes)
        guard case .received(let answer) = try await intake.receive(arrival) else { throw NotReceived() }
        return answer.id
    }

    private func work(_ hub: Installation, _ intake: Intake) async throws {
        while let lease = try await hub.queue.claim(Intake.queueName, limit: 1).first {
            #expect(await intake.work(lease) == .acknowledged)
        }
    }

    private func status(_ receipt: UUIDValue, _ hub: Installation) async throws -> Value? {
        try await Receipts(hub).read(receipt, for: trust)?["status"]
    }

    @Test func `a changed and a cancelled referral wait for the new one, and are laid upon it`() async throws {
        try await TestInstallation.run { hub in
            let (intake, housekeeping) = (Intake(hub), Housekeeping(hub))
            let cancelled = try await arrive("withdrawal-i14", intake)
            let changed = try await arrive("change-i13", intake)
            try await work(hub, intake)
            #expect(try await status(cancelled, hub) == "waiting")
            #expect(try await status(changed, hub) == "waiting")
            #expect(try await housekeeping.resumeWaiting() == 0)

            let new = try await arrive("referral-i12", intake)
            try await work(hub, intake)
            #expect(try await housekeeping.resumeWaiting() == 2)
            try await work(hub, intake)
            for receipt in [new, changed, cancelled] { #expect(try await status(receipt, hub) == "accepted") }
            let referrals = try await hub.database.read { [store = hub.store] in
                try store.referrals(after: nil, limit: 10, in: $0)
            }
            #expect(Set(referrals.map(\.person)).count == 1)
            #expect(referrals.first { $0.type == "referral" }?.state == "withdrawn")
            let person = try #require(referrals.first?.person)
            let profile = try await hub.database.transaction { [store = hub.store] in
                try store.profile(of: person, viewedBy: "staff:1", in: $0)
            }
            #expect(profile?.address?.lines == ["7 Example Court", "Alvaston"])
            #expect(try await housekeeping.resumeWaiting() == 0)
        }
    }

    @Test func `what waited in vain is shown to staff and finished`() async throws {
        try await TestInstallation.run { hub in
            let (intake, housekeeping) = (Intake(hub), Housekeeping(hub))
            let changed = try await arrive("change-i13", intake)
            try await work(hub, intake)
            #expect(try await housekeeping.resumeWaiting(at: .now() + .seconds(239 * 60)) == 0)
            #expect(try await housekeeping.resumeWaiting(at: .now() + .seconds(241 * 60)) == 1)
            // Taken up too early, as its own clock tells, it waits on; at the end of its time it does not.
            try await work(hub, intake)
            #expect(try await status(changed, hub) == "waiting")
        }
        try await TestInstallation.run(settings: "intake: { wait_minutes: 0 }") { hub in
            let intake = Intake(hub)
            _ = try await arrive("withdrawal-i14", intake)
            try await work(hub, intake)
            let items = try await hub.database.read { [store = hub.store] in try store.workItems(in: $0) }
            #expect(items.map(\.item.kind) == [.unboundMessage])
        }
    }
}

private struct NotReceived: Error {}
