import CaseStore
import Ledger
import MessageQueue
package import Postgres
import Referral

/// One thing that happened to an id, in ids, states and code words.
package struct TraceEvent: Sendable {
    package var at: Timestamp
    /// A kind of ledger entry, `work_item`, `attachment`, or `queue`.
    package var kind: String
    /// What happened on a queue; nil for all other kinds.
    package var queueEvent: String?
    /// Of the entry, the work item, the file or the message.
    package var id: String
    package var details: [(name: String, words: String)]
    /// The same on one line.
    package var text: String

    init(_ line: TraceLine) {
        at = line.at
        kind = line.kind
        id = line.id.description
        details = line.details.map { ($0.name, $0.words) }
        text = line.text
    }

    init(_ entry: HistoryEntry) {
        at = entry.at
        kind = "queue"
        queueEvent = entry.event.rawValue
        id = entry.messageID.description
        let attempt = entry.attempt > 0 ? ", attempt \(entry.attempt)" : ""
        text = "\(entry.queue) \(entry.event.rawValue)\(attempt)\(entry.cause.map { ": \($0)" } ?? "")"
        details = [("queue", entry.queue)]
        if entry.attempt > 0 { details.append(("attempt", String(entry.attempt))) }
        if let cause = entry.cause { details.append(("cause", cause)) }
    }
}

/// Everything that happened to one submission, referral, person, share, extract or message.
package struct Traces: Sendable {
    private let installation: Installation

    package init(_ installation: Installation) { self.installation = installation.acting(as: .audit) }

    /// Whether a text is an id as the hub gives them. Ten digits that could be an NHS number are taken for one: none comes into an
    /// address, a log or the ledger because somebody took the one field for the other.
    package static func isID(_ text: String) -> Bool {
        if case .passed = NHSNumber.normalise(text) { return false }
        return UUIDValue(text) != nil || MessageID(text) != nil
    }

    /// All of it, the oldest first; that it was read is entered in the ledger.
    ///
    /// - Parameter actor: Who reads.
    /// - Returns: Nothing when nothing is known of the id.
    package func events(of id: String, by actor: String) async throws -> [TraceEvent] {
        let (correlation, message) = (UUIDValue(id), MessageID(id))
        let known = correlation?.description ?? message?.description
        var events: [TraceEvent] = []
        if let correlation { events += try await installation.queue.history(of: correlation).map(TraceEvent.init) }
        if let message { events += try await installation.queue.history(of: message).map(TraceEvent.init) }
        let isOnQueues = !events.isEmpty
        events =
            try await installation.database.transaction { [store = installation.store] connection in
                let lines = try correlation.map { try store.trace($0, in: connection) } ?? []
                // Of what nothing is known, it is not known either whether it is an id.
                let isKnown = isOnQueues || !lines.isEmpty
                try store.enterLook(at: .trace, about: isKnown ? known : nil, by: actor, in: connection)
                return lines
            }.map(TraceEvent.init) + events
        // What happened at one moment stays in the order in which it was told.
        return events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }
}
