import CaseStore
import Console
import MessageQueue
import Postgres
import TestSupport
import Testing

@testable import Hub

@Suite(.installation) struct TrafficKeeperTests {
    private let now = Timestamp("2026-07-01T12:00:00Z")!

    private func counted(_ hub: Installation) async throws -> [TrafficPlace: Int] {
        let counts = try await hub.acting(as: .audit).database.read { [now, store = hub.store] connection in
            try store.traffic(.minute, since: now - .seconds(60), in: connection)
        }
        return counts.reduce(into: [:]) { $0[$1.place, default: 0] += $1.count }
    }

    @Test func `what is counted is added once, and what could not be added is added later`() async throws {
        try await TestInstallation.run { hub in
            let keeper = TrafficKeeper(hub)
            try await keeper.add(at: now)
            #expect(try await counted(hub) == [:])
            for _ in 0..<3 { hub.partnerMeter.note(.received, "uhdb") }
            try await keeper.add(at: now)
            try await keeper.add(at: now)
            #expect(try await counted(hub) == [.init("uhdb", .received): 3])
            try await TestDatabase.current.database.execute("ALTER TABLE record.traffic RENAME TO elsewhere")
            hub.partnerMeter.note(.received, "uhdb")
            await #expect(throws: PostgresError.self) { try await keeper.add(at: now) }
            try await TestDatabase.current.database.execute("ALTER TABLE record.elsewhere RENAME TO traffic")
            hub.partnerMeter.note(.received, "gp")
            try await keeper.add(at: now)
            #expect(try await counted(hub) == [.init("uhdb", .received): 4, .init("gp", .received): 1])
        }
    }

    @Test func `what became of a queue's messages is counted`() async throws {
        try await TestInstallation.run { hub in
            let queue = hub.acting(as: .worker).queue
            try await queue.declare(["to_somebody"])
            let keeper = TrafficKeeper(hub)
            for _ in 0..<2 { _ = try await queue.enqueue(.init(queue: "to_somebody", payload: [])) }
            let leases = try await queue.claim("to_somebody", limit: 2)
            #expect(leases.count == 2)
            #expect(try await queue.acknowledge([leases[0]]).isEmpty)
            #expect(try await queue.retry(leases[1], cause: .init(code: "busy")))
            try await keeper.add(at: now)
            #expect(
                try await counted(hub) == [.init("to_somebody", .acknowledged): 1, .init("to_somebody", .retried): 1])
        }
    }

    @Test(arguments: Traffic.Period.allCases)
    func `each period is drawn from parts that are kept for as long`(period: Traffic.Period) throws {
        let step = try #require(TrafficStep(rawValue: period.step))
        #expect(step.kept >= period.length)
    }
}
