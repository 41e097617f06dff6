package import Referral

/// Two persons who may be one, as whoever decides about them reads it: the answer of `GET /v1/matches/{id}`.
package struct MatchReview: Sendable {
    package enum State: String, Sendable {
        case open, later, same, different
    }

    /// What both records say of one thing, each with its values.
    struct Fact: Sendable, Hashable {
        enum Comparison: Sendable, Hashable {
            case same, different, oneSided
        }

        var label: String
        var person: [String]
        var known: [String]

        var comparison: Comparison {
            if person.isEmpty || known.isEmpty { return .oneSided }
            return Set(person.map { $0.lowercased() }) == Set(known.map { $0.lowercased() }) ? .same : .different
        }
    }

    /// What one field says about whether both are one person.
    struct Evidence: Sendable, Hashable {
        var field: String
        var level: String
        /// In bits, as it was kept: `12.34`, `-3.20`.
        var weight: String
    }

    struct Said: Sendable {
        var at: Instant?
        var verdict: String
        var by: String
        var reason: String?
    }

    package var id: String
    package var state: State
    /// Why it is asked.
    package var code: String
    package var person: String
    package var known: String
    var referral: String
    var facts: [Fact]
    /// Nothing once one of the two was erased.
    var evidence: [Evidence]
    var weight: String?
    var probability: String?
    var said: [Said]

    /// - Returns: Nil for what is no such answer.
    package init?(_ value: Value) {
        func text(_ key: String) -> String? { value[key]?.textValue }
        guard let id = text("match_id"), let state = text("state").flatMap(State.init), let code = text("code"),
            let person = text("person_id"), let known = text("known_person_id"), let referral = text("referral_id")
        else { return nil }
        self.id = id
        self.state = state
        self.code = code
        self.person = person
        self.known = known
        self.referral = referral
        facts = Self.facts(value["person"], value["known"])
        let comparison = value["comparison"]
        evidence = (comparison?["evidence"]?.arrayValue ?? []).compactMap { one in
            guard let field = one["field"]?.textValue, let level = one["level"]?.textValue,
                let weight = one["weight"]?.textValue
            else { return nil }
            return Evidence(field: field, level: level, weight: weight)
        }
        weight = comparison?["weight"]?.textValue
        probability = comparison?["probability"]?.textValue
        said = (value["decisions"]?.arrayValue ?? []).map { decision in
            Said(
                at: decision["at"]?.textValue.flatMap(Instant.init(rfc3339:)),
                verdict: decision["decision"]?.textValue ?? "", by: decision["by"]?.textValue ?? "",
                reason: decision["reason"]?.textValue)
        }
    }

    /// Whether it waits for a decision.
    package var isWaiting: Bool { state == .open || state == .later }

    // MARK: What both say

    /// By which persons are told apart comes first, then everything else that is known of either.
    private static let order = [
        "title", "given", "family", "also_known_as", "dob", "age_estimate", "sex", "identifiers", "lines", "town",
        "postcode", "uprn", "phone", "email",
    ]
    private static let labels = [
        "given": "Given names", "family": "Family name", "also_known_as": "Also known as", "dob": "Date of birth",
        "age_estimate": "Age, about", "identifiers": "Numbers", "lines": "Address", "uprn": "UPRN",
        "phone": "Phone", "email": "E-mail",
    ]

    private static func facts(_ person: Value?, _ known: Value?) -> [Fact] {
        let sides = [person, known].map { side -> [String: Value] in
            var all: [String: Value] = [:]
            for part in ["person", "address"] {
                let object = side?[part]?.objectValue ?? Object()
                for (key, value) in zip(object.keys, object.values) { all[key] = value }
            }
            return all
        }
        let others = Set(sides.flatMap(\.keys)).subtracting(order).sorted()
        return (order + others).compactMap { key in
            let fact = Fact(
                label: labels[key] ?? key.humanised, person: texts(sides[0][key], key), known: texts(sides[1][key], key)
            )
            return fact.person.isEmpty && fact.known.isEmpty ? nil : fact
        }
    }

    /// A value as lines of text.
    private static func texts(_ value: Value?, _ name: String) -> [String] {
        switch value {
        case nil, .null?: []
        case .bool(let flag)?: [flag ? "Yes" : "No"]
        case .string(let text)?, .number(let text)?: text.isEmpty ? [] : [text.spoken(under: name)]
        case .array(let values)?: values.flatMap { texts($0, name) }
        case .object(let object)?: [identifier(object)]
        }
    }

    private static func identifier(_ object: Object) -> String {
        let number = [object["type"]?.textValue?.humanised, object["value"]?.textValue].compactMap { $0 }
        let notes = [object["source"]?.textValue, object["verified"]?.boolValue == true ? "verified" : nil]
            .compactMap { $0 }
        return number.joined(separator: " ") + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
    }
}

extension MatchReview.Evidence {
    var label: String {
        switch field {
        case "family": "Family name"
        case "given": "Given names"
        case "birth_date": "Date of birth"
        case "nhs_number": "NHS number"
        case "other_number": "Another number"
        case "email": "E-mail"
        case "household": "One household"
        default: field.humanised
        }
    }

    /// How far it agrees.
    var words: String {
        switch level {
        case "verified": "The same, and verified on both sides"
        case "exact": "The same"
        case "part": "A part of it is the same"
        case "nickname": "One is a short form of the other"
        case "initial": "The initial fits"
        case "near": "A slip of the pen apart"
        case "sound": "Sounds the same"
        case "similar": "Somewhat alike"
        case "swapped": "The same two, exchanged"
        case "different": "Different"
        case "missing": "One side does not say"
        case "limited": "Taken off: people of one household share address and phone anyway"
        default: level.humanised
        }
    }

    /// What it speaks for, never told by the sign alone.
    var verdict: String {
        if weight.hasPrefix("-") { return "Against one person" }
        return weight.contains { $0.isNumber && $0 != "0" } ? "For one person" : "Says nothing"
    }

    /// With its sign: `+12.34`, `−3.20`.
    var points: String { weight.hasPrefix("-") ? "−\(weight.dropFirst())" : "+\(weight)" }
}

extension MatchReview.Fact.Comparison {
    var words: String {
        switch self {
        case .same: "Same"
        case .different: "Differs"
        case .oneSided: "Only one says"
        }
    }
    var sign: String {
        switch self {
        case .same: "="
        case .different: "≠"
        case .oneSided: "?"
        }
    }
}
