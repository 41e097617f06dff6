package import Referral

/// Everything that happened to one id, in order: in ids, states and code words, and nothing of what a document says.
package struct Life: Sendable {
    package struct Event: Sendable {
        package var at: Instant
        /// A kind of ledger entry, `work_item`, `attachment`, or `queue`.
        package var kind: String
        /// What happened on a queue; nil for all other kinds.
        package var queueEvent: String?
        /// Of the entry, the work item, the file or the message.
        package var id: String
        /// What is said of it, as names and words.
        package var details: [(name: String, words: String)]
        /// Why, in a sentence.
        package var explanation: String?

        package init(
            at: Instant, kind: String, queueEvent: String? = nil, id: String, details: [(name: String, words: String)],
            explanation: String? = nil
        ) {
            self.at = at
            self.kind = kind
            self.queueEvent = queueEvent
            self.id = id
            self.details = details
            self.explanation = explanation
        }

        fileprivate func detail(_ name: String) -> String? { details.first { $0.name == name }?.words }
    }

    package var id: String
    /// The oldest first.
    package var events: [Event]
    /// Whether whoever reads may see what came, what was understood and what left.
    package var mayOpenDocuments: Bool
    package var maySeeSent: Bool

    package init(id: String, events: [Event], mayOpenDocuments: Bool = false, maySeeSent: Bool = false) {
        self.id = id
        self.events = events
        self.mayOpenDocuments = mayOpenDocuments
        self.maySeeSent = maySeeSent
    }

    /// The page of what it says or said, and how a link calls that; nil where there is none.
    var documents: (path: String, words: String)? {
        func isOf(_ kind: String, _ name: String) -> Bool {
            events.contains { $0.kind == kind && $0.detail(name) == id }
        }
        if mayOpenDocuments, isOf("submission_received", "submission") || isOf("referral_stored", "referral") {
            return (Console.documentsPath(id), "See the documents: as received, as understood, as sent")
        }
        return maySeeSent && isOf("share_requested", "share") ? (Console.sentPath(id), "See what was sent") : nil
    }

    /// Whom it is about; of a file of many the first of them.
    var persons: [String] {
        var found: [String] = []
        for event in events {
            guard found.count < 5 else { break }
            if let person = event.detail("person"), !found.contains(person) { found.append(person) }
        }
        return found
    }
}

extension Life.Event {
    /// How much somebody who wants to know what happened must see of it.
    enum Weight {
        /// Something went otherwise than it should.
        case trouble
        case turn
        /// How it came to that.
        case step
    }

    var weight: Weight {
        switch (kind, queueEvent) {
        case ("work_item", _): return detail("done") == nil ? .trouble : .turn
        case ("queue", "dead_lettered"), ("share_not_approved", _), ("agreement_withdrawn", _):
            return .trouble
        case ("queue", "lost"): return .trouble
        case ("queue", _), ("view", _), ("key_made", _), ("key_used", _), ("attachment", _): return .step
        case ("share_decided", _):
            return detail("outcome").map { $0.hasPrefix("PERMIT") } ?? false ? .turn : .trouble
        case ("release_outcome", _):
            return ["delivered", "duplicate"].contains(detail("outcome")) ? .turn : .trouble
        case ("submission_finished", _): return detail("state") == "accepted" ? .turn : .trouble
        default: return .turn
        }
    }

    /// What happened, as somebody would say it.
    var words: String {
        switch kind {
        case "submission_received": "A document came"
        case "submission_finished": "The hub has worked on it: \(detail("state") ?? "finished")"
        case "submission_permitted": "A parent or guardian permitted that it be worked on"
        case "referral_stored": "A referral was stored"
        case "agreement_added": "The person agreed"
        case "agreement_withdrawn": "An agreement was withdrawn"
        case "share_requested": "A share was asked for"
        case "share_decided": decided
        case "share_approved": "A named person let it go on"
        case "share_not_approved": "A named person did not let it go"
        case "release": "It left the hub"
        case "release_outcome": weight == .turn ? "It arrived" : "It did not arrive"
        case "share_acknowledged": "The recipient answered"
        case "view": "Somebody looked"
        case "key_made": "A key was made"
        case "key_used": "A key was used"
        case "key_destroyed": "The key was destroyed: what it sealed can be read no more"
        case "policy_changed": "The disclosure policy changed"
        case "entry_erased": "What an entry said was destroyed"
        case "referral_outcome": "What became of the referral"
        case "circumstances_changed": "The person's circumstances changed"
        case "match_decided": "It was decided whether two are one person"
        case "access_card_changed": "The access card changed"
        case "emergency_look": "A control room looked"
        case "partner_changed": "A partner or its credentials changed"
        case "staff_changed": "An account of staff changed"
        case "queue_changed": detail("state") == "paused" ? "A queue was paused" : "A queue was let go on"
        case "work_item": detail("done") == nil ? "Somebody must look at it" : "Somebody has looked at it"
        case "attachment": "A file was attached"
        case "queue": Self.queueWords[queueEvent ?? ""] ?? "Something happened on a queue"
        default: kind.replacing("_", with: " ")
        }
    }

    private var decided: String {
        switch detail("outcome") {
        case "PERMIT": "It may leave"
        case "PERMIT_REDUCED": "A part of it may leave"
        case "REFER": "A named person must decide whether it may leave"
        case "DENY": "It may not leave"
        default: "It was decided whether it may leave"
        }
    }

    private static let queueWords = [
        "enqueued": "It was put into a queue",
        "acknowledged": "An attempt succeeded",
        "retried": "An attempt failed; another follows",
        "dead_lettered": "It was set aside as a dead letter",
        "lost": "Whoever worked on it vanished",
        "cancelled": "It was ended before it went",
        "replayed": "It was brought back from the dead letters",
        "leased": "It is being worked on",
        "waiting": "It waits until then",
    ]
}
