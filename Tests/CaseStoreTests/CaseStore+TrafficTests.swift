import Postgres
import TestSupport
import Testing

@testable import CaseStore

@Suite(.store) struct TrafficTests {
    private let noon = Timestamp("2026-07-01T12:00:07Z")!

    @Test func `counts of several nodes come together in parts of every length`() async throws {
        try await Fixture.run { f in
            let (came, died) = (TrafficPlace("uhdb", .received), TrafficPlace("intake", .deadLettered))
            for (counts, at) in [
                ([came: 2, died: 1], noon), ([came: 3], noon + .seconds(2)), ([came: 5], noon + .seconds(10)),
            ] {
                try await f.transaction(as: .worker) { try f.store.add(counts, at: at, in: $0) }
            }
            let (fine, coarse) = try await f.transaction(as: .audit) { [noon] connection in
                (
                    try f.store.traffic(.tenSeconds, since: noon - .seconds(60), in: connection),
                    try f.store.traffic(.twoHours, since: noon - .seconds(7_200), in: connection)
                )
            }
            let start = Timestamp("2026-07-01T12:00:00Z")!
            #expect(
                fine == [
                    .init(beganAt: start, place: died, count: 1), .init(beganAt: start, place: came, count: 5),
                    .init(beganAt: start + .seconds(10), place: came, count: 5),
                ])
            #expect(
                coarse == [.init(beganAt: start, place: died, count: 1), .init(beganAt: start, place: came, count: 10)])
        }
    }

    @Test func `nothing is written for nothing, and old parts go, the short ones first`() async throws {
        try await Fixture.run { f in
            let came = TrafficPlace("uhdb", .received)
            try await f.transaction(as: .worker) { [noon] in try f.store.add([came: 0], at: noon, in: $0) }
            try await f.transaction(as: .worker) { [noon] in try f.store.add([came: 1], at: noon, in: $0) }
            let counts = { @Sendable (connection: Connection) in
                try TrafficStep.allCases.map {
                    try f.store.traffic($0, since: .now() - .seconds(400 * 86_400), in: connection).count
                }
            }
            #expect(try await f.transaction(as: .audit, counts) == [1, 1, 1, 1])
            let cleared = try await f.transaction(as: .retention) { [noon] in
                try f.store.clearTraffic(at: noon + .seconds(3_600), in: $0)
            }
            #expect(cleared == 1)
            #expect(try await f.transaction(as: .audit, counts) == [0, 1, 1, 1])
            _ = try await f.transaction(as: .retention) { [noon] in
                try f.store.clearTraffic(at: noon + .seconds(9 * 86_400), in: $0)
            }
            #expect(try await f.transaction(as: .audit, counts) == [0, 0, 0, 0])
        }
    }
}
