import CaseStore
package import Console
import MessageQueue
package import Postgres
import Referral

/// Reads how the hub stands at this moment, for the console's first page and `hub top`.
package struct FlowReader: Sendable {
    /// Whose submissions are counted for how long.
    private static let recent: Duration = .seconds(3_600)
    /// Where reading takes long, since very much waits, one who watches reads less often: this part of the time goes into it at most.
    private static let share = 0.05

    private let installation: Installation

    package init(_ installation: Installation) { self.installation = installation.acting(as: .audit) }

    /// How long somebody who watches waits after a picture.
    ///
    /// - Parameters:
    ///   - usual: How often they want one.
    ///   - took: How long the last took to read.
    package static func pause(_ usual: Duration, after took: Duration) -> Duration { max(usual, took / share) }

    package func picture(over period: Traffic.Period = .hour, at now: Timestamp = .now()) async throws -> FlowPicture {
        var picture = try await picture(at: now)
        picture.traffic = try await traffic(over: period, at: now)
        return picture
    }

    /// How much came, went and failed.
    func traffic(over period: Traffic.Period, at now: Timestamp) async throws -> Traffic {
        let counts = try await installation.database.read { [store = installation.store] connection in
            try TrafficStep(rawValue: period.step).map {
                try store.traffic($0, since: now - period.length, in: connection)
            } ?? []
        }
        return Traffic(period, at: Instant(now), counts: counts.compactMap(Self.counted))
    }

    /// All but the traffic.
    func picture(at now: Timestamp) async throws -> FlowPicture {
        let stations = try await installation.queue.statistics()
        let rules = installation.policy.inForce
        let (senders, work, endings, rates, hour) = try await installation.database.read {
            [store = installation.store, configuration = installation.configuration] connection in
            let hour = try store.traffic(.minute, since: now - Self.recent, in: connection)
            let came = Set(hour.filter { $0.place.event == .received }.map(\.place.station))
            return (
                try store.senders(and: came, in: connection), try store.waitingWork(in: connection),
                try Endings.all(configuration, rules, in: connection),
                try Rates(store, at: now, in: connection), hour
            )
        }
        let ending =
            endings.count { $0.isNear(at: now) } + installation.certificates.count { $0.isNearItsEnd(at: now) }
        var needs = work.map { work in
            FlowPicture.Need(
                work.kind.urgency, work.kind.words(work.count), count: work.count, since: Instant(work.since),
                path: Console.workPath(kind: work.kind.rawValue))
        }
        needs.append(
            FlowPicture.Need(
                .soon,
                ending == 1
                    ? "certificate, secret or contract ends within weeks, or has ended"
                    : "certificates, secrets and contracts end within weeks, or have ended",
                count: ending, since: nil))
        let (partners, stages) = Self.split(stations, QueueNames(installation.partners), rates)
        return FlowPicture(
            at: Instant(now),
            senders: senders.map { sender in
                let came = hour.filter { $0.place == .init(sender.id, .received) }
                return .init(
                    name: sender.name, lastHour: came.reduce(0) { $0 + $1.count },
                    lastAt: came.last.map { Instant($0.beganAt) }, perMinute: rates[sender.id, .received])
            },
            stages: stages, partners: partners, needs: needs, traffic: Traffic(.hour, at: Instant(now), counts: []))
    }

    /// What a count stands for in the drawing; nil for what is not drawn.
    private static func counted(_ count: TrafficCount) -> (at: Instant, series: Traffic.Series, count: Int)? {
        let series: Traffic.Series
        switch count.place.event {
        case .received: series = .came
        case .delivered: series = .told
        case .retried, .deadLettered: series = .failed
        case .acknowledged: return nil
        }
        return (Instant(count.beganAt), series, count.count)
    }

    /// The queues to partners, and the others.
    static func split(
        _ queues: [QueueStatistics], _ names: QueueNames, _ rates: Rates
    ) -> (partners: [FlowPicture.Station], stages: [FlowPicture.Station]) {
        let stations = queues.map {
            FlowPicture.Station($0, named: names.name(of: $0.queue), rates)
        }
        return (
            stations.filter { QueueNames.isToPartner($0.queue) }, stations.filter { !QueueNames.isToPartner($0.queue) }
        )
    }
}

/// How many a minute there were in the last five.
struct Rates: Sendable {
    private var counts: [TrafficPlace: Int] = [:]
    private static let minutes = 5

    init(_ store: CaseStore, at now: Timestamp, in connection: Connection) throws {
        for count in try store.traffic(.tenSeconds, since: now - .seconds(60 * Self.minutes), in: connection) {
            counts[count.place, default: 0] += count.count
        }
    }

    subscript(station: String, event: TrafficEvent) -> Double {
        Double(counts[.init(station, event)] ?? 0) / Double(Self.minutes)
    }
}

extension Instant {
    init(_ time: Timestamp) { self.init(microseconds: time.microseconds) }
}

extension FlowPicture.Station {
    init(_ queue: QueueStatistics, named name: String, _ rates: Rates) {
        let circuit: Circuit =
            switch queue.circuit {
            case .closed: .closed
            case .halfOpen: .probing
            case .open: .open
            }
        self.init(
            queue: queue.queue, name: name, ready: queue.ready, delayed: queue.delayed, inHand: queue.leased,
            dead: queue.dead,
            oldest: queue.oldestReadyAge, circuit: circuit,
            pause: queue.pauseReason.map { .init(reason: $0, until: queue.pausedUntil.map(Instant.init)) },
            perMinute: rates[queue.queue, .acknowledged], failedPerMinute: rates[queue.queue, .retried])
    }
}
