package import Referral

/// A share that waits for a named person, or that waited for one.
package struct ShareReview: Sendable {
    /// What would leave if it left now.
    package enum Preview: Sendable {
        /// The exact bytes, which are text, and their SHA-256.
        case text(String, mediaType: String, digest: String)
        /// Bytes that are no text.
        case bytes(count: Int, mediaType: String, digest: String)
        /// Nothing would, and why.
        case nothing(String)
    }

    /// A named person's answer.
    package struct Answer: Sendable {
        package var at: Instant?
        package var role: String
        package var by: String
        package var name: String
        package var isApproved: Bool
        package var reason: String

        package init(at: Instant?, role: String, by: String, name: String, isApproved: Bool, reason: String) {
            self.at = at
            self.role = role
            self.by = by
            self.name = name
            self.isApproved = isApproved
            self.reason = reason
        }
    }

    package var id: String
    package var person: String
    package var recipient: String
    package var purpose: String
    package var level: String
    package var state: String
    /// What was asked for, in words.
    package var groups: [String]
    package var obligations: [String]
    package var requestedBy: String
    package var requestedAt: Instant
    package var authority: String?
    /// Why it waits, or how it ended, in sentences.
    package var reasons: [String]
    package var code: String?
    /// As whom somebody may answer, as the API has it; nil where no answer helps.
    package var awaits: String?
    /// The same in words.
    package var awaitsWords: String?
    /// Whether whoever approves must name the authority.
    package var lacksAuthority: Bool
    package var answers: [Answer]
    /// What may leave, was told, or was sent and may have arrived, in words; empty where none of it is so.
    package var told: [String] = []
    package var withheld: [String] = []
    /// How often it left.
    package var attempts = 0

    /// What ``told`` is.
    var toldLabel: String {
        switch state {
        case "delivered": "What was told"
        case "queued", "sending": "What may leave"
        default: "What was sent, and is not known to have arrived"
        }
    }

    package init(
        id: String, person: String, recipient: String, purpose: String, level: String, state: String,
        groups: [String], obligations: [String], requestedBy: String, requestedAt: Instant, authority: String?,
        reasons: [String], code: String?, awaits: String?, awaitsWords: String?, lacksAuthority: Bool,
        answers: [Answer]
    ) {
        self.id = id
        self.person = person
        self.recipient = recipient
        self.purpose = purpose
        self.level = level
        self.state = state
        self.groups = groups
        self.obligations = obligations
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.authority = authority
        self.reasons = reasons
        self.code = code
        self.awaits = awaits
        self.awaitsWords = awaitsWords
        self.lacksAuthority = lacksAuthority
        self.answers = answers
    }

    /// Where no sentence says why it was stopped, the code tells.
    var reasonsOrCause: [String] {
        let isStopped = ["refused", "cancelled", "failed"].contains(state)
        return reasons.isEmpty && isStopped ? code.map { [CauseWords.words($0) + "."] } ?? [] : reasons
    }

    package var isWaiting: Bool { state == "parked" }

    /// Whether it waits, for a person or for its sending.
    var mayStillLeave: Bool { isWaiting || state == "queued" }

    var stateWords: String {
        guard state == "cancelled", attempts > 0 else { return Self.words(ofState: state) }
        return "Sent \(Console.counted(attempts, "time")), then stopped; it may have arrived"
    }

    static func words(ofState state: String) -> String {
        switch state {
        case "requested": "Asked for"
        case "parked": "Waits for a person"
        case "queued": "Let go; it waits to be sent"
        case "sending": "On its way"
        case "delivered": "Delivered"
        case "refused": "Not shared"
        case "cancelled": "Stopped before it left"
        case "failed": "Could not be delivered"
        default: state.humanised
        }
    }
}
