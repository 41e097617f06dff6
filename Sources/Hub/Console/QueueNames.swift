import MessageQueue
import Translation

/// What queues are called where staff read of them.
struct QueueNames: Sendable {
    /// Whom a queue leads to.
    enum Destination: Sendable, Hashable {
        /// The hub's own work.
        case hub
        /// A recipient of documents, by its name in the configuration.
        case recipient(String)
        /// A partner that is told what became of its referrals.
        case sender(String)
        /// The duty officer.
        case duty
    }

    private let partners: OutboundPartners

    init(_ partners: OutboundPartners) { self.partners = partners }

    static func destination(of queue: String) -> Destination {
        if let recipient = Dispatch.recipient(ofQueue: queue) { return .recipient(recipient) }
        if let sender = StatusMessages.partner(ofQueue: queue) { return .sender(sender) }
        return queue == DutyNotices.queueName ? .duty : .hub
    }

    /// Whether what leaves by it goes to a recipient of documents.
    static func isToPartner(_ queue: String) -> Bool {
        if case .recipient = destination(of: queue) { true } else { false }
    }

    /// In words.
    func name(of queue: String) -> String {
        switch Self.destination(of: queue) {
        case .recipient(let recipient):
            let name = partners.adapter(recipient)?.name ?? recipient
            return queue == Dispatch.queueName(recipient) ? name : "\(name), at its time of day"
        case .sender(let sender): return "What became of referrals, to \(partners.adapter(sender)?.name ?? sender)"
        case .duty: return "Notices to the duty officer"
        case .hub: return queue == Intake.queueName ? "Referrals to be worked on" : queue
        }
    }
}
