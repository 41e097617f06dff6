package import Referral

/// A control room's look, as whoever reviews it reads it.
package struct LookReview: Sendable {
    /// A person whom it found.
    package struct Found: Sendable {
        package var person: String
        /// What was told, in words; empty where nothing was.
        package var told: [String]
        /// Why nothing was told.
        package var refusal: String?

        package init(person: String, told: [String], refusal: String?) {
            self.person = person
            self.told = told
            self.refusal = refusal
        }
    }

    package struct Review: Sendable {
        package var at: Instant
        package var by: String
        /// Nil once somebody whom it found was erased.
        package var note: String?

        package init(at: Instant, by: String, note: String?) {
            self.at = at
            self.by = by
            self.note = note
        }
    }

    package var id: String
    package var at: Instant
    package var reviewBy: Instant
    package var controlRoom: String
    /// Whether it was for the code of a key safe.
    package var isReveal: Bool
    /// How it ended: `card`, `candidates`, `none`.
    package var outcome: String
    package var isOffline: Bool
    package var isRepeated: Bool
    package var isUnproved: Bool
    /// Who asked, why and for whom, as it was written down; null once somebody whom it found was erased.
    package var asked: Value
    package var found: [Found]
    package var review: Review?

    package init(
        id: String, at: Instant, reviewBy: Instant, controlRoom: String, isReveal: Bool, outcome: String,
        isOffline: Bool, isRepeated: Bool, isUnproved: Bool, asked: Value, found: [Found], review: Review?
    ) {
        self.id = id
        self.at = at
        self.reviewBy = reviewBy
        self.controlRoom = controlRoom
        self.isReveal = isReveal
        self.outcome = outcome
        self.isOffline = isOffline
        self.isRepeated = isRepeated
        self.isUnproved = isUnproved
        self.asked = asked
        self.found = found
        self.review = review
    }

    /// What speaks for looking closer.
    var flags: [String] {
        var flags: [String] = []
        if isUnproved { flags.append("It could not be proved who asked: nobody could be signed in there.") }
        if isRepeated { flags.append("The same code was given before, for the same incident.") }
        if isOffline {
            flags.append("It was answered without the database, by what was known when that was last there.")
        }
        return flags
    }

    var outcomeWords: String {
        switch (isReveal, outcome) {
        case (true, "card"): "The code was told"
        case (true, _): "There was no code to tell"
        case (false, "card"): "One person was found, and told of"
        case (false, "candidates"): "Several persons were found; of each only house and first name were told"
        default: "Nobody was found of whom something may be told"
        }
    }

    /// What was written down, as names and values, the nested named after what they are part of.
    var details: [(name: String, value: String)] { Self.details(asked, under: nil) }

    private static let labels = [
        "caller_id": "Who asked there", "incident_ref": "Incident", "reason": "Why",
        "query nhs_number": "Asked for: NHS number", "query dob": "Asked for: date of birth",
        "query uprn": "Asked for: UPRN",
        "call answered_by": "Phoned, and called back by", "call called_back": "Called back at",
        "page proved": "On the page, signed in", "page reason": "Why they could not wait to sign in",
    ]

    private static func details(_ value: Value, under prefix: String?) -> [(name: String, value: String)] {
        guard let object = value.objectValue else { return [] }
        return zip(object.keys, object.values).flatMap { key, value -> [(name: String, value: String)] in
            // What it asks by, the query says itself.
            if prefix == nil, key == "by" { return [] }
            let path = [prefix, key].compactMap { $0 }.joined(separator: " ")
            let name = labels[path] ?? path.replacing("query ", with: "Asked for: ").humanised
            switch value {
            case .string(let text), .number(let text): return [(name, text)]
            case .bool(let flag): return [(name, flag ? "Yes" : "No")]
            case .object: return details(value, under: key)
            case .array, .null: return []
            }
        }
    }
}
