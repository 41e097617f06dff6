import CaseStore
import Logging
import MessageQueue
import Postgres
import ServiceLifecycle
import Synchronization

/// Counts what this process has stored from partners and handed to them, since it started.
final class PartnerMeter: Sendable {
    private let counts = Mutex<[TrafficPlace: Int]>([:])

    var all: [TrafficPlace: Int] { counts.withLock { $0 } }

    func note(_ event: TrafficEvent, _ partner: String) {
        counts.withLock { $0[.init(partner, event), default: 0] += 1 }
    }
}

/// Adds every few seconds to the database's counts what this process has counted meanwhile, for the console's picture. What
/// cannot be added is added with the next. These are figures to look at: what a process has counted in its last seconds is lost where
/// it is killed, and is there twice where the connection is lost between a commit and its answer.
actor TrafficKeeper: Service {
    private static let pause: Duration = .seconds(5)

    private let installation: Installation
    /// What has been added already, of all that was counted since the start.
    private var added: [TrafficPlace: Int] = [:]

    init(_ installation: Installation) { self.installation = installation.acting(as: .worker) }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.pause)
                await self.attempt()
            }
        }
        await attempt()
    }

    private func attempt() async {
        do {
            try await add()
        } catch is CancellationError {
            return
        } catch {
            installation.logger.warning("counts of the traffic will be added later", metadata: ["error": "\(error)"])
        }
    }

    /// Adds what has been counted since the last time.
    func add(at now: Timestamp = .now()) async throws {
        let counted = counted
        let fresh = counted.merging(added) { $0 - $1 }.filter { $0.value > 0 }
        guard !fresh.isEmpty else { return }
        try await installation.database.transaction { [store = installation.store] connection in
            try store.add(fresh, at: now, in: connection)
        }
        added = counted
    }

    private var counted: [TrafficPlace: Int] {
        var counted = installation.partnerMeter.all
        for (queue, meter) in installation.queue.meters {
            for (outcome, event) in Self.events { counted[.init(queue, event)] = meter.outcomes[outcome] ?? 0 }
        }
        return counted
    }

    private static let events: [(HistoryEntry.Event, TrafficEvent)] = [
        (.acknowledged, .acknowledged), (.retried, .retried), (.deadLettered, .deadLettered),
    ]
}
