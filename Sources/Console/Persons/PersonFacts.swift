package import Referral

/// Who somebody is and what is known of them, as labels and lines.
package struct PersonFacts: Sendable {
    struct Fact: Sendable, Hashable {
        var label: String
        var lines: [String]
    }

    /// Who it is: name, birth date, numbers, how to get in touch, where they live.
    let who: [Fact]
    /// The case as it is known now: why, what is wanted, needs, risks.
    let situation: [Fact]
    /// For a heading.
    let name: String?

    /// - Parameter picture: What the person's messages tell together, in the shape of the envelope.
    package init(_ picture: Value) {
        let (person, address) = (picture["person"], picture["address"])
        who = Self.facts(person, first: Self.personOrder) + Self.facts(address, first: Self.addressOrder)
        situation = Self.situationKeys.compactMap { key in
            let lines = Self.lines(picture[key], key)
            return lines.isEmpty ? nil : Fact(label: Self.labels[key] ?? key.humanised, lines: lines)
        }
        let names = ["given", "family"].compactMap { person?[$0]?.textValue }.filter { !$0.isEmpty }
        name = names.isEmpty ? person?["also_known_as"]?[0]?.textValue : names.joined(separator: " ")
    }

    private static let personOrder = [
        "title", "given", "family", "also_known_as", "dob", "age_estimate", "identifiers",
    ]
    private static let addressOrder = ["lines", "town", "postcode"]
    private static let situationKeys = [
        "urgency", "reason", "wishes", "needs", "risks", "safeguarding", "household", "consent", "notes", "extensions",
    ]
    private static let labels = [
        "given": "Given names", "family": "Family name", "also_known_as": "Also known as", "dob": "Date of birth",
        "age_estimate": "Age, about", "identifiers": "Numbers", "lines": "Address", "uprn": "UPRN",
        "phone": "Phone", "email": "E-mail", "visitor_gender": "Rather visited by", "reason": "Why they were referred",
        "wishes": "What the person wants", "needs": "What it is about", "household": "Who is around the person",
        "consent": "Whether the person agreed to be referred", "extensions": "What a partner tells besides",
    ]

    private static func facts(_ object: Value?, first: [String]) -> [Fact] {
        let keys = object?.objectValue?.keys ?? []
        return (first + keys.filter { !first.contains($0) }).compactMap { key in
            let lines = lines(object?[key], key)
            return lines.isEmpty ? nil : Fact(label: labels[key] ?? key.humanised, lines: lines)
        }
    }

    /// A value as lines of text; a code word stays as it is said.
    private static func lines(_ value: Value?, _ name: String) -> [String] {
        switch value {
        case nil, .null?: []
        case .bool(let flag)?: [flag ? "Yes" : "No"]
        case .string(let text)?, .number(let text)?: text.isEmpty ? [] : [text.spoken(under: name)]
        case .array(let values)?: values.flatMap { lines($0, name) }
        case .object(let object)?: [line(object)].filter { !$0.isEmpty }
        }
    }

    /// An NHS number is said with its number first; other objects member by member.
    private static func line(_ object: Object) -> String {
        if let type = object["type"]?.textValue, let number = object["value"]?.textValue {
            let label = type.humanised
            let notes = [object["source"]?.textValue, object["verified"]?.boolValue == true ? "verified" : nil]
                .compactMap { $0 }
            return "\(label) \(number)" + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
        }
        return zip(object.keys, object.values).compactMap { key, value in
            let words = lines(value, key).joined(separator: ", ")
            return words.isEmpty ? nil : "\(key.humanised): \(words)"
        }.joined(separator: "; ")
    }
}
