import CaseStore
package import MessageQueue
import Postgres

/// What operators and monitoring ask: is it ready, how deep are the queues.
package struct Operations: Sendable {
    /// For figures.
    private let installation: Installation
    private let replays: Replays

    init(_ installation: Installation) {
        self.installation = installation.acting(as: .audit)
        replays = Replays(installation)
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

    /// Puts dead letters back into their queues; the shares and extracts that they stand for wait again, and are judged again
    /// when they are sent.
    ///
    /// - Returns: how many were put back.
    package func replay(_ selection: DeadLetterSelection) async throws -> Int {
        try await replays.replay(selection)
    }

    /// The figures for Prometheus.
    package func metricsText() async throws -> String {
        let queues = try await installation.queue.statistics()
        let rules = installation.policy.inForce
        let (counters, endings) = try await installation.database.read {
            [store = installation.store, configuration = installation.configuration] connection in
            (try store.counters(in: connection), try Endings.all(configuration, rules, in: connection))
        }
        func gauge(
            _ name: String, _ help: String, _ value: (QueueStatistics) -> Double
        ) -> Metrics.Gauge {
            .init(name: name, help: help, samples: queues.map { ([("queue", $0.queue)], value($0)) })
        }
        let (totals, histograms) = meters()
        let gauges: [Metrics.Gauge] = [
            gauge("hub_queue_ready", "Messages that can be claimed now") { Double($0.ready) },
            gauge("hub_queue_delayed", "Messages that wait for their time or their key") { Double($0.delayed) },
            gauge("hub_queue_leased", "Messages in hand") { Double($0.leased) },
            gauge("hub_queue_dead", "Dead letters") { Double($0.dead) },
            gauge("hub_queue_oldest_ready_seconds", "Age of the oldest message that can be claimed") {
                $0.oldestReadyAge.map { Double($0.components.seconds) } ?? 0
            },
            gauge("hub_queue_suspect", "Messages whose holder vanished") { Double($0.suspect) },
            gauge("hub_queue_paused", "1 while nothing is claimed because somebody said so") {
                $0.pausedAt == nil ? 0 : 1
            },
            gauge("hub_queue_circuit", "0 closed, 1 open, 0.5 half-open") {
                switch $0.circuit {
                case .closed: 0
                case .halfOpen: 0.5
                case .open: 1
                }
            },
            .init(
                name: "hub_work_items_open", help: "Work items that wait for staff",
                samples: [([], Double(counters.openWorkItems))]
            ),
            .init(
                name: "hub_matches", help: "Pairs of persons who may be one, by state",
                samples: MatchState.allCases.map { ([("state", $0.rawValue)], Double(counters.matches[$0] ?? 0)) }
            ),
            .init(
                name: "hub_shares", help: "Shares by state",
                samples: ShareState.allCases.map { ([("state", $0.rawValue)], Double(counters.shares[$0] ?? 0)) }
            ),
            .init(
                name: "hub_certificate_ends_seconds",
                help: "When a certificate of the configuration ends, in seconds since 1970",
                samples: installation.certificates.compactMap { certificate in
                    certificate.ends.map { ([("setting", certificate.setting)], Double($0.microseconds / 1_000_000)) }
                }
            ),
            .init(
                name: "hub_ends_seconds",
                help: "When a secret, a contract, a project or a partner's last API key ends, in seconds since 1970",
                samples: endings.map {
                    ([("kind", $0.kind.rawValue), ("about", $0.about)], Double($0.ends.microseconds / 1_000_000))
                }
            ),
            installation.metrics.connections,
        ]
        return installation.metrics.text(gauges: gauges, totals: totals, histograms: histograms)
    }

    /// What this process has done with each queue.
    private func meters() -> (totals: [Metrics.Total], histograms: [Metrics.Histogram]) {
        let meters = installation.queue.meters.sorted { $0.key < $1.key }
        func total(_ name: String, _ help: String, _ value: (QueueMeter) -> Int) -> Metrics.Total {
            .init(name: name, help: help, samples: meters.map { ([("queue", $0.key)], value($0.value)) })
        }
        func histogram(
            _ name: String, _ help: String, _ spread: (QueueMeter) -> QueueMeter.Spread
        ) -> Metrics.Histogram {
            .init(name: name, help: help, series: meters.map { ([("queue", $0.key)], spread($0.value)) })
        }
        let outcomes = meters.flatMap { queue, meter in
            meter.outcomes.sorted { $0.key.rawValue < $1.key.rawValue }
                .map {
                    (
                        labels: [(name: "queue", value: queue), (name: "outcome", value: $0.key.rawValue)],
                        value: $0.value
                    )
                }
        }
        return (
            [
                total("hub_queue_enqueued_total", "Messages handed in", \.enqueued),
                total("hub_queue_attempts_total", "Attempts begun", \.attempts),
                .init(name: "hub_queue_outcomes_total", help: "Attempts by how they ended", samples: outcomes),
                total("hub_queue_lost_leases_total", "Leases found run out", \.lostLeases),
                total("hub_queue_refused_outcomes_total", "Outcomes refused by the fence", \.refused),
            ],
            [
                histogram("hub_queue_claim_seconds", "Time of a round trip with a claim", \.claimSeconds),
                histogram("hub_queue_batch_messages", "Messages that a claim brought", \.batchSizes),
            ]
        )
    }
}
