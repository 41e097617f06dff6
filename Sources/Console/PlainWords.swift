import Referral

extension String {
    /// A code word as words: `birth_date` as `Birth date`, `nhs_number` as `NHS number`.
    var humanised: String {
        let words = split(separator: "_").map { Self.abbreviations.contains($0) ? $0.uppercased() : String($0) }
            .joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static let abbreviations: Set<Substring> = [
        "dfe", "dwp", "gp", "hl7", "id", "la", "nhs", "nfa", "ods", "pdf", "uprn",
    ]

    /// What stands under a name in the case model, as people say it: a day as `2 January 1950`, a sex as `Female`.
    func spoken(under name: String) -> String {
        switch name {
        case "dob": CalendarDate(iso: self).map(Moment.day) ?? self
        case "sex", "visitor_gender": Sex(rawValue: self).map(\.words) ?? self
        default: self
        }
    }
}

extension Sex {
    fileprivate var words: String {
        switch self {
        case .female: "Female"
        case .male: "Male"
        case .unknown: "Not known"
        case .other: "Other"
        }
    }
}
