import CaseStore
import Console
import MessageQueue
import Postgres
import Referral
import Translation

/// Reads how queues stand, for the pages about them.
struct QueueReader: Sendable {
    private let installation: Installation
    private let names: QueueNames

    init(_ installation: Installation) {
        self.installation = installation.acting(as: .audit)
        names = QueueNames(installation.partners)
    }

    /// Those to partners, and the others.
    func stations() async throws -> (partners: [FlowPicture.Station], stages: [FlowPicture.Station]) {
        FlowReader.split(try await installation.queue.statistics(), names, try await rates(at: .now()))
    }

    private func rates(at now: Timestamp) async throws -> Rates {
        try await installation.database.read { [store = installation.store] in try Rates(store, at: now, in: $0) }
    }

    /// All about one queue; nil when there is no such queue.
    func sheet(of queue: String, at now: Timestamp = .now()) async throws -> QueueSheet? {
        guard let statistics = try await installation.queue.statistics().first(where: { $0.queue == queue }) else {
            return nil
        }
        let report = try await installation.queue.policyReport(of: queue)
        return QueueSheet(
            at: Instant(now), station: .init(statistics, named: names.name(of: queue), try await rates(at: now)),
            pausedAt: statistics.pausedAt.map(Instant.init), hasBreaker: report.policy.breaker != nil,
            probedAt: statistics.probesAt.map(Instant.init),
            pace: .init(try await installation.queue.pace(of: queue, at: now)),
            limits: PolicySetting.allCases.map { .init($0, report) },
            partner: partner(of: queue), ends: try await ends(of: queue, at: now))
    }

    private func partner(of queue: String) -> QueueSheet.Partner? {
        switch QueueNames.destination(of: queue) {
        case .hub, .duty: return nil
        case .recipient(let recipient):
            let ways = installation.configuration.outbound[recipient]?.values.map(\.words) ?? []
            return .init(id: recipient, adapter: installation.partners.adapter(recipient)?.id, ways: ways.sorted())
        case .sender(let sender):
            let way = installation.configuration.status[sender]?.endpoint.words
            return .init(
                id: sender, adapter: installation.partners.adapter(sender)?.id, ways: way.map { [$0] } ?? [])
        }
    }

    /// What the queue's messages need that ends on a known day, the nearest first.
    private func ends(of queue: String, at now: Timestamp) async throws -> [QueueSheet.End] {
        let (prefix, partner): (String, String?)
        switch QueueNames.destination(of: queue) {
        case .hub: return []
        case .duty: (prefix, partner) = ("emergency.duty.", nil)
        case .recipient(let recipient): (prefix, partner) = ("outbound.\(recipient).", recipient)
        case .sender(let sender): (prefix, partner) = ("status.\(sender).", sender)
        }
        let rules = installation.policy.inForce
        let endings = try await installation.database.read { [configuration = installation.configuration] connection in
            try Endings.all(configuration, rules, in: connection)
        }
        let known = endings.compactMap { ending -> QueueSheet.End? in
            guard let what = ending.words(forSettings: prefix, of: partner) else { return nil }
            return .init(what, at: Instant(ending.ends), isNear: ending.isNear(at: now))
        }
        let certificates = installation.certificates.filter { $0.setting.hasPrefix(prefix) }.map {
            QueueSheet.End(
                "Certificate \($0.setting)", at: $0.ends.map(Instant.init), isNear: $0.isNearItsEnd(at: now))
        }
        return (known + certificates).sorted { ($0.at?.microseconds ?? 0) < ($1.at?.microseconds ?? 0) }
    }
}

extension Ending {
    /// What it is, where it is about a way out or about who is at its end; nil where it is not.
    fileprivate func words(forSettings prefix: String, of partner: String?) -> String? {
        switch kind {
        case .secret: about.hasPrefix(prefix) ? "Secret \(about)" : nil
        case .contract: about == partner ? "Contract" : nil
        case .project: partner.map { about.hasPrefix("\($0)/") } ?? false ? "Project \(about)" : nil
        case .apiKey: about == partner ? "The API key by which it is let in" : nil
        case .certificate: about == partner ? "The certificate by which it is let in" : nil
        case .clientKey: about == partner ? "The key by which it signs for access tokens" : nil
        }
    }
}

extension Configuration.Endpoint {
    /// The kind of channel, as people call it.
    var words: String {
        switch self {
        case .https: "HTTPS"
        case .govTalk: "GovTalk over HTTPS"
        case .bars: "BaRS over HTTPS"
        case .mesh: "MESH"
        case .sftp: "SFTP"
        case .folder: "a folder from which it fetches"
        case .exercise: "a file that staff hand over"
        case .portal: "the hub's own page, from which staff fetch"
        case .mail(let mail):
            switch mail.protection {
            case .encrypted: "encrypted e-mail"
            case .assured: "e-mail over TLS"
            case .criminalJustice: "e-mail to CJSM"
            }
        case .mllp: "HL7 v2 over MLLP"
        }
    }
}

extension QueueSheet.Limit {
    fileprivate init(_ setting: PolicySetting, _ report: QueuePolicyReport) {
        let value = setting.value(in: report.policy)
        self.init(
            name: setting.rawValue, words: setting.pageWords,
            value: value.map { setting.isTime ? .time(.seconds($0)) : .number($0) } ?? .none,
            source: report.chosen[setting] != nil
                ? .setByCommand : report.configured[setting] != nil ? .configuration : .standard)
    }
}

extension PolicySetting {
    /// What it is, for staff who read a page; what a value of 0 means is told there by words.
    fileprivate var pageWords: String {
        switch self {
        case .attempts: "Attempts before a message is set aside"
        case .lost: "Times that whoever works on a message may vanish before it is set aside"
        case .backOffBase: "The longest wait after the first attempt; it doubles with each"
        case .backOffCap: "The longest wait after any attempt"
        case .lease: "How long whoever works on a message may be silent"
        case .deadline: "Age at which a message is set aside undelivered"
        case .rate: "Messages a second"
        case .burst: "Messages that may go at once after a quiet time"
        case .concurrency: "Messages in hand"
        case .breakerFailures: "Failures in a row that open the breaker"
        case .breakerRatio: "Part of a while's attempts that opens it too, if they fail"
        case .breakerWindow: "How long that while is"
        case .breakerPause: "How long the breaker stays open at first"
        case .breakerLongestPause: "The longest that it stays open before a trial"
        }
    }
}

extension QueueSheet.Pace {
    fileprivate init(_ pace: QueuePace) {
        func times(_ times: QueuePace.Times?) -> QueueSheet.Pace.Times? {
            times.map { .init(median: $0.median, p95: $0.p95) }
        }
        self.init(
            lastSuccess: pace.lastSuccess.map(Instant.init),
            lastFailure: pace.lastFailure.map { failure in
                let fate: Failure.Fate =
                    switch failure.event {
                    case .deadLettered: .setAside
                    case .lost: .lost
                    default: .triedAgain
                    }
                return .init(at: Instant(failure.at), fate: fate, cause: failure.cause)
            },
            perSecond: pace.perSecond, whole: times(pace.whole), attempt: times(pace.attempt))
    }
}
