import MessageQueue
import Synchronization

/// The hub's figures in Prometheus text format (version 0.0.4).
///
/// Every figure is named once, in ``Name``. Labels are partner ids, states and codes: never personal data.
package final class Metrics: Sendable {
    /// Every counter that the hub keeps, with its help text and label.
    package enum Counter: String, CaseIterable, Sendable {
        case submissions = "hub_submissions_total"
        case referrals = "hub_referrals_total"
        case decisions = "hub_decisions_total"
        case deliveries = "hub_deliveries_total"
        case statusMessages = "hub_status_messages_total"
        case acknowledgements = "hub_acknowledgements_total"
        case matchDecisions = "hub_match_decisions_total"
        case tokens = "hub_tokens_total"
        case emergencyLooks = "hub_emergency_looks_total"
        case refusedRequests = "hub_refused_requests_total"
        case meshMessages = "hub_mesh_messages_total"
        case mails = "hub_mails_total"
        case scans = "hub_scans_total"
        case fencedOutcomes = "hub_fenced_outcomes_total"
        case mllpMessages = "hub_mllp_messages_total"
        case mllpFaults = "hub_mllp_faults_total"

        var help: String {
            switch self {
            case .submissions: "Submissions answered, by answer"
            case .referrals: "Referrals translated, by status"
            case .decisions: "Disclosure decisions taken, by outcome"
            case .deliveries: "Delivery attempts, by outcome"
            case .statusMessages: "Attempts to tell referrers what became of their referrals, by outcome"
            case .acknowledgements: "What channels told of deliveries afterwards, by outcome"
            case .matchDecisions: "Decisions of staff whether two persons are one, by decision"
            case .emergencyLooks: "Looks of control rooms, by outcome"
            case .tokens: "Requests for access tokens, by answer"
            case .refusedRequests: "HTTP requests refused before anything was stored, by code"
            case .meshMessages: "Messages of the MESH mailboxes, by what became of them"
            case .mails: "E-mails taken and answered, by outcome"
            case .scans: "Contents offered to the virus scanner, by verdict"
            case .fencedOutcomes: "Outcomes refused because the lease had been lost"
            case .mllpMessages: "HL7 messages taken from MLLP connections, by answer"
            case .mllpFaults: "What went wrong on MLLP connections beside their messages"
            }
        }
        var label: String {
            switch self {
            case .submissions, .mllpMessages, .tokens: "answer"
            case .referrals: "status"
            case .decisions, .deliveries, .statusMessages, .acknowledgements, .emergencyLooks, .meshMessages, .mails:
                "outcome"
            case .matchDecisions: "decision"
            case .refusedRequests: "code"
            case .scans: "verdict"
            case .fencedOutcomes: "queue"
            case .mllpFaults: "fault"
            }
        }
    }

    private let counts = Mutex<[Counter: [String: Int]]>([:])
    private let watched = Mutex<[@Sendable () -> [Gauge]]>([])
    private let mllp = Mutex<[String: @Sendable () -> Int]>([:])

    package init() {}

    /// Adds one to `counter` under the label's value.
    package func count(_ counter: Counter, _ value: String) {
        counts.withLock { $0[counter, default: [:]][value, default: 0] += 1 }
    }

    /// Has the connections that a listener holds told, under the listener's address.
    func watchConnections(of listener: String, _ count: @escaping @Sendable () -> Int) {
        mllp.withLock { $0[listener] = count }
    }

    /// Has figures told that somebody reads at the moment of asking.
    func watch(_ gauges: @escaping @Sendable () -> [Gauge]) {
        watched.withLock { $0.append(gauges) }
    }

    /// The MLLP connections that are open now.
    var connections: Gauge {
        let counts = mllp.withLock { $0 }.sorted { $0.key < $1.key }
        return Gauge(
            name: "hub_mllp_connections", help: "MLLP connections that are open",
            samples: counts.map { ([("listener", $0.key)], Double($0.value())) })
    }

    /// A figure read at the moment of asking, for example a queue's depth.
    package struct Gauge: Sendable {
        package var name: String
        package var help: String
        package var samples: [(labels: [(name: String, value: String)], value: Double)]

        package init(name: String, help: String, samples: [(labels: [(name: String, value: String)], value: Double)]) {
            self.name = name
            self.help = help
            self.samples = samples
        }
    }

    /// How values were spread since this process started, by label.
    struct Histogram: Sendable {
        var name: String
        var help: String
        var series: [(labels: [(name: String, value: String)], spread: QueueMeter.Spread)]
    }

    /// Counts that somebody else keeps.
    struct Total: Sendable {
        var name: String
        var help: String
        var samples: [(labels: [(name: String, value: String)], value: Int)]
    }

    /// All figures as text; `gauges` are those read for this answer.
    package func text(gauges: [Gauge]) -> String { text(gauges: gauges, totals: [], histograms: []) }

    /// All figures as text, with those of others.
    func text(gauges: [Gauge], totals: [Total], histograms: [Histogram]) -> String {
        var lines: [String] = []
        let snapshot = counts.withLock { $0 }
        for counter in Counter.allCases {
            lines.append("# HELP \(counter.rawValue) \(counter.help)")
            lines.append("# TYPE \(counter.rawValue) counter")
            for (value, count) in (snapshot[counter] ?? [:]).sorted(by: { $0.key < $1.key }) {
                lines.append("\(counter.rawValue){\(counter.label)=\"\(Self.escaped(value))\"} \(count)")
            }
        }
        for gauge in gauges + watched.withLock({ $0 }).flatMap({ $0() }) {
            lines.append("# HELP \(gauge.name) \(gauge.help)")
            lines.append("# TYPE \(gauge.name) gauge")
            for sample in gauge.samples {
                lines.append("\(gauge.name)\(Self.braced(sample.labels)) \(sample.value)")
            }
        }
        for total in totals {
            lines.append("# HELP \(total.name) \(total.help)")
            lines.append("# TYPE \(total.name) counter")
            lines += total.samples.map { "\(total.name)\(Self.braced($0.labels)) \($0.value)" }
        }
        for histogram in histograms {
            lines.append("# HELP \(histogram.name) \(histogram.help)")
            lines.append("# TYPE \(histogram.name) histogram")
            for (labels, spread) in histogram.series {
                var sum = 0
                for (bound, count) in zip(spread.bounds, spread.counts) {
                    sum += count
                    lines.append("\(histogram.name)_bucket\(Self.braced(labels + [("le", "\(bound)")])) \(sum)")
                }
                lines.append("\(histogram.name)_bucket\(Self.braced(labels + [("le", "+Inf")])) \(spread.count)")
                lines.append("\(histogram.name)_sum\(Self.braced(labels)) \(spread.sum)")
                lines.append("\(histogram.name)_count\(Self.braced(labels)) \(spread.count)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func braced(_ labels: [(name: String, value: String)]) -> String {
        let labels = labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
        return labels.isEmpty ? "" : "{\(labels)}"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
