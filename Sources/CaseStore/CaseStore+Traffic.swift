package import Postgres

/// What is counted at a station.
package enum TrafficEvent: String, CaseIterable, Sendable, Hashable {
    /// A submission of a partner.
    case received
    /// A document that a partner took.
    case delivered
    /// A message of a queue that was dealt with: it may have been withheld, too.
    case acknowledged
    /// One that failed, and is repeated.
    case retried
    /// One that failed, and the message was set aside.
    case deadLettered = "dead_lettered"
}

/// Where something is counted.
package struct TrafficPlace: Sendable, Hashable {
    /// A partner's id for what was received and delivered, else a queue's name.
    package var station: String
    package var event: TrafficEvent

    package init(_ station: String, _ event: TrafficEvent) {
        self.station = station
        self.event = event
    }
}

/// What was counted in one part of time.
package struct TrafficCount: Sendable, Hashable {
    package var beganAt: Timestamp
    package var place: TrafficPlace
    package var count: Int
}

/// The parts of time in which counts are kept, all at once.
package enum TrafficStep: Int, CaseIterable, Sendable {
    case tenSeconds = 10
    case minute = 60
    case quarterHour = 900
    case twoHours = 7_200

    /// For how long its parts can be read.
    package var kept: Duration {
        switch self {
        case .tenSeconds: .seconds(900)
        case .minute: .seconds(2 * 3_600)
        case .quarterHour: .seconds(2 * 86_400)
        case .twoHours: .seconds(8 * 86_400)
        }
    }
}

extension CaseStore {
    /// Adds what was counted since the last time, as of now.
    package func add(
        _ counts: [TrafficPlace: Int], at now: Timestamp = .now(), in connection: Connection
    ) throws {
        let counts = counts.filter { $0.value > 0 }
        guard !counts.isEmpty else { return }
        let second = now.microseconds / 1_000_000
        let steps = TrafficStep.allCases.map { Int64($0.rawValue) }
        // In one order, so that two nodes never wait for each other.
        try connection.execute(
            """
            INSERT INTO record.traffic (step, began_at, station, event, count)
            SELECT step, to_timestamp(\(second)::bigint / step * step), station, event::record.traffic_event, count
            FROM unnest(\(counts.map(\.key.station)), \(counts.map(\.key.event.rawValue)), \(counts.map { Int64($0.value) }))
                AS counted (station, event, count)
            CROSS JOIN unnest(\(steps)::integer[]) AS step
            ORDER BY step, station, event
            ON CONFLICT (step, began_at, station, event) DO UPDATE SET count = traffic.count + excluded.count
            """, name: "record.add_traffic")
    }

    /// What was counted in parts that began at a time or later, the oldest first.
    package func traffic(_ step: TrafficStep, since: Timestamp, in connection: Connection) throws -> [TrafficCount] {
        try connection.query(
            """
            SELECT began_at, station, event::text, count
            FROM record.traffic
            WHERE step = \(step.rawValue) AND began_at >= \(since)
            ORDER BY began_at, station, event
            """, name: "record.traffic"
        ).compactMap { row in
            let (beganAt, station, event, count) = try row.decode(Timestamp.self, String.self, String.self, Int.self)
            return TrafficEvent(rawValue: event).map {
                TrafficCount(beganAt: beganAt, place: .init(station, $0), count: count)
            }
        }
    }

    /// Forgets the counts that have had their time.
    ///
    /// - Returns: How many there were.
    @discardableResult
    package func clearTraffic(at now: Timestamp = .now(), in connection: Connection) throws -> Int {
        try TrafficStep.allCases.reduce(0) { cleared, step in
            try cleared
                + connection.execute(
                    "DELETE FROM record.traffic WHERE step = \(step.rawValue) AND began_at < \(now - step.kept)",
                    name: "record.clear_traffic")
        }
    }
}
