import CaseStore
import Console
import MessageQueue
import Postgres
import Referral
import Translation

/// Reads how the hub stands at this moment, for the console's first page.
struct FlowReader: Sendable {
    /// Whose submissions are counted for how long.
    private static let recent: Duration = .seconds(3_600)

    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation.acting(as: .audit) }

    func picture(at now: Timestamp = .now()) async throws -> FlowPicture {
        let stations = try await installation.queue.statistics()
        let rules = installation.policy.inForce
        let (senders, work, endings) = try await installation.database.read {
            [store = installation.store, configuration = installation.configuration] connection in
            (
                try store.recentSubmissions(since: now - Self.recent, in: connection),
                try store.waitingWork(in: connection),
                try Endings.all(configuration, rules, in: connection)
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
        let (partners, stages) = split(stations)
        return FlowPicture(
            at: Instant(now),
            senders: senders.map { .init(name: $0.name, lastHour: $0.count, lastAt: $0.lastAt.map(Instant.init)) },
            stages: stages, partners: partners, needs: needs)
    }

    /// The queues to partners, and the others.
    private func split(
        _ queues: [QueueStatistics]
    ) -> (partners: [FlowPicture.Station], stages: [FlowPicture.Station]) {
        var (partners, stages): ([FlowPicture.Station], [FlowPicture.Station]) = ([], [])
        for queue in queues {
            if let recipient = Dispatch.recipient(ofQueue: queue.queue) {
                let name = installation.partners.adapter(recipient)?.name ?? recipient
                partners.append(
                    .init(
                        queue,
                        named: queue.queue == Dispatch.queueName(recipient) ? name : "\(name), at its time of day"))
            } else {
                stages.append(.init(queue, named: stageName(queue.queue)))
            }
        }
        return (partners, stages)
    }

    private func stageName(_ queue: String) -> String {
        switch queue {
        case Intake.queueName: "Referrals to be worked on"
        case DutyNotices.queueName: "Notices to the duty officer"
        default: StatusMessages.partner(ofQueue: queue).map { "What became of referrals, to \($0)" } ?? queue
        }
    }
}

extension Instant {
    init(_ time: Timestamp) { self.init(microseconds: time.microseconds) }
}

extension FlowPicture.Station {
    fileprivate init(_ queue: QueueStatistics, named name: String) {
        let circuit: Circuit =
            switch queue.circuit {
            case .closed: .closed
            case .halfOpen: .probing
            case .open: .open
            }
        self.init(
            name: name, ready: queue.ready, delayed: queue.delayed, inHand: queue.leased, dead: queue.dead,
            oldest: queue.oldestReadyAge, circuit: circuit,
            pause: queue.pauseReason.map { .init(reason: $0, until: queue.pausedUntil.map(Instant.init)) })
    }
}
