import CaseStore
package import MessageQueue
import Postgres

/// What operators and monitoring ask: is it ready, how deep are the queues.
package struct Operations: Sendable {
    private let installation: Installation

    init(_ installation: Installation) {
        self.installation = installation
    }

    /// Nil when the database answers; else the reason in plain words.
    package func reasonNotReady() async -> String? {
        do {
            _ = try await installation.database.read { connection in
                try connection.query("SELECT 1", name: "readiness", deadline: .seconds(2))
            }
            return nil
        } catch {
            return "The database does not answer"
        }
    }

    /// Puts dead letters back into their queues; the shares that they stand for wait again, and are judged again when
    /// they are sent.
    ///
    /// - Returns: how many were put back.
    package func replay(_ selection: DeadLetterSelection) async throws -> Int {
        let letters = try await installation.queue.deadLetters(selection)
        let shares = letters.filter { $0.queue != Intake.queueName }.compactMap(\.correlation)
        // Exactly those that were looked at, whatever has died since; reopened and raised together, so that no moment
        // shows the one without the other.
        let looked = DeadLetterSelection(messages: letters.map(\.messageID), limit: max(1, letters.count))
        return try await installation.queue.replay(looked) { [store = installation.store] connection in
            for share in shares { try store.reopen(share, in: connection) }
        }
    }

    /// The figures for Prometheus.
    package func metricsText() async throws -> String {
        let queues = try await installation.queue.statistics()
        let counters = try await installation.database.read { [store = installation.store] connection in
            try store.counters(in: connection)
        }
        func gauge(
            _ name: String, _ help: String, _ value: (QueueStatistics) -> Double
        ) -> Metrics.Gauge {
            .init(name: name, help: help, samples: queues.map { ([("queue", $0.queue)], value($0)) })
        }
        return installation.metrics.text(gauges: [
            gauge("hub_queue_ready", "Messages that can be claimed now") { Double($0.ready) },
            gauge("hub_queue_delayed", "Messages that wait for their time or their key") { Double($0.delayed) },
            gauge("hub_queue_leased", "Messages in hand") { Double($0.leased) },
            gauge("hub_queue_dead", "Dead letters") { Double($0.dead) },
            gauge("hub_queue_oldest_ready_seconds", "Age of the oldest message that can be claimed") {
                $0.oldestReadyAge.map { Double($0.components.seconds) } ?? 0
            },
            .init(
                name: "hub_work_items_open", help: "Work items that wait for staff",
                samples: [([], Double(counters.openWorkItems))]
            ),
            .init(
                name: "hub_shares", help: "Shares by state",
                samples: ShareState.allCases.map { ([("state", $0.rawValue)], Double(counters.shares[$0] ?? 0)) }
            ),
        ])
    }
}
