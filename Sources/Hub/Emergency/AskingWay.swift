import Referral

/// How a control room asks, for the record of its look.
enum AskingWay: Sendable {
    /// By its own system, which says who of its users asks.
    case system
    /// By phone: whoever of staff has called it back, after the system that speaks for them, and the number that was called.
    case phone(answeredBy: String, number: String)
    /// On the hub's page, by somebody who is signed in.
    case page
    /// On the hub's page, while nobody could be signed in; with what was typed as the reason not to wait for that.
    case pageUnproved(reason: String)

    /// Whether nothing but what was typed says who asks, at a place whose certificate is known.
    var isUnproved: Bool {
        if case .pageUnproved = self { true } else { false }
    }

    /// What of it stands in the details of the look, by name.
    var details: Object {
        switch self {
        case .system: [:]
        case .phone(let answeredBy, let number):
            ["call": ["answered_by": .string(answeredBy), "called_back": .string(number)]]
        case .page: ["page": ["proved": true]]
        case .pageUnproved(let reason): ["page": ["proved": false, "reason": .string(reason)]]
        }
    }
}
