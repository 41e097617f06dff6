package import Referral

/// What somebody typed to find a person.
package struct PersonSearch: Sendable {
    /// In its normal form, as the other members are.
    package private(set) var nhsNumber: String?
    package private(set) var family: String?
    package private(set) var birthDate: CalendarDate?
    package private(set) var postcode: String?
    /// By the field at which it is; nothing where there is something to look for.
    package private(set) var mistakes: [MessageFilter.Mistake] = []
    /// What stands in the fields, be it right or wrong.
    private(set) var typed: [String: String] = [:]

    /// Before anything is typed.
    package init() {}

    /// Reads the fields of a form.
    package init(_ fields: [String: String], today: CalendarDate) {
        if let text = text("nhs_number", fields) {
            switch NHSNumber.normalise(text) {
            case .passed(let number): nhsNumber = number
            case .failed(let why): add("nhs_number", Self.sentence(why))
            case .absent: add("nhs_number", "Give the ten digits of an NHS number")
            }
        }
        if let text = text("family_name", fields) {
            if text.contains(where: \.isLetter) { family = text } else { add("family_name", "Give a name in letters") }
        }
        if let text = text("birth_date", fields) {
            if let date = TypedDate.read(text), date <= today {
                birthDate = date
            } else {
                add("birth_date", "Give day, month and year of birth, such as 31/3/1950")
            }
        }
        if let text = text("postcode", fields) {
            switch Postcode.normalise(text) {
            case .passed(let postcode) where Postcode.isPseudo(postcode):
                add("postcode", "That stands for no fixed abode: nobody can be found by it")
            case .passed(let postcode): self.postcode = postcode
            case .failed(let why): add("postcode", Self.sentence(why))
            case .absent: add("postcode", "Give a postcode, such as DE1 2FS")
            }
        }
        if typed.isEmpty { add("nhs_number", "Fill in one field at least") }
    }

    /// Adds that nobody can be found by what was typed.
    package mutating func add(_ field: String, _ mistake: String) { mistakes.append(.init(field, mistake)) }

    private mutating func text(_ name: String, _ fields: [String: String]) -> String? {
        guard let text = fields[name]?.trimmed, !text.isEmpty else { return nil }
        typed[name] = String(text.prefix(100))
        guard text.unicodeScalars.count <= 100 else {
            add(name, "That is too long")
            return nil
        }
        return text
    }

    private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(
            start.prefix(
                start.lastIndex { !$0.isWhitespace }.map { start.distance(from: start.startIndex, to: $0) + 1 } ?? 0))
    }
}

/// As much of somebody as tells two persons apart whom one search found, and no more: initials, the year of birth, and the
/// district of the postcode.
package struct MaskedPerson: Sendable {
    package struct Referral: Sendable {
        package var id: String
        package var at: Instant
        package var sender: String
        package var type: String
        package var state: String

        package init(id: String, at: Instant, sender: String, type: String, state: String) {
            self.id = id
            self.at = at
            self.sender = sender
            self.type = type
            self.state = state
        }
    }

    package let id: String
    let initials: String
    let born: String
    let district: String?
    let referrals: [Referral]

    package init(
        id: String, given: String?, family: String?, birthDate: CalendarDate?, postcode: String?, referrals: [Referral]
    ) {
        self.id = id
        let initials = [given, family].compactMap { name in name?.first(where: \.isLetter).map { "\($0.uppercased())." }
        }
        self.initials = initials.isEmpty ? "No name" : initials.joined(separator: " ")
        born = birthDate.map { "born \($0.year)" } ?? "birth date not known"
        district = postcode.flatMap { $0.split(separator: " ").first.map(String.init) }
        self.referrals = referrals
    }
}
