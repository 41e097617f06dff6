import Referral

/// A step that changes one text.
///
/// The checking ones (`date`, `datetime`, `nhs_number`, `phone`, `postcode`, `yes_no`, `number`, `reference`, `uuid`)
/// refuse a text that is not what they expect; the rest never fail.
enum Transform: Sendable, Hashable {
    case trim, lower, upper, digits
    /// Capitals at the beginning of words: `O'NEILL-JONES` becomes `O'Neill-Jones`.
    case title
    case date(PartnerDate.Form)
    case dateTime(PartnerDate.Form)
    case nhsNumber
    /// E.164; a leading zero that a spreadsheet lost is restored.
    case phone
    case postcode
    /// `true` or `false` for the ways in which people write yes and no.
    case yesNo
    case number
    /// A number that somebody gave, and nobody's words: ``Swift/String/isReference``.
    case reference
    /// Text put before or after.
    case prefix(String), suffix(String)
    /// A text left out wherever it occurs.
    case remove(String)
    /// The first characters, or the last (`take last 20`).
    case take(Int, last: Bool)
    /// The UUID that follows from one and a name.
    case uuid(String)

    /// Why a text was refused.
    struct Refusal: Error, Hashable {
        var code: FindingCode
        /// What is expected, without what was found.
        var text: String
    }

    /// The transforms by their names in the language, with the arguments that they have when none are given.
    private static let catalogue: [String: Transform] = [
        "trim": .trim, "lower": .lower, "upper": .upper, "digits": .digits, "title": .title, "date": .date(.iso),
        "datetime": .dateTime(.iso), "nhs_number": .nhsNumber, "phone": .phone, "postcode": .postcode, "yes_no": .yesNo,
        "number": .number, "reference": .reference, "prefix": .prefix(""), "suffix": .suffix(""), "remove": .remove(""),
        "take": .take(0, last: false), "uuid": .uuid(""),
    ]

    /// The names, for suggestions.
    static let names = catalogue.keys.sorted()

    /// The transform of a name.
    static func named(_ name: String) -> Transform? { catalogue[name] }

    /// Whether it checks what it is given.
    var canFail: Bool {
        switch self {
        case .date, .dateTime, .nhsNumber, .phone, .postcode, .yesNo, .number, .reference, .uuid: true
        default: false
        }
    }

    /// The same transform with its arguments read.
    func reading(_ arguments: [ExpressionToken]) throws(SyntaxProblem) -> Transform {
        let texts = arguments.map { if case .quoted(let text) = $0 { text } else { $0.text } }
        switch self {
        case .date: return .date(try Self.form(texts))
        case .dateTime: return .dateTime(try Self.form(texts))
        case .prefix: return .prefix(try Self.text(texts))
        case .suffix: return .suffix(try Self.text(texts))
        case .remove: return .remove(try Self.text(texts))
        case .uuid: return .uuid(try Self.text(texts))
        case .take:
            let isLast = texts.first == "last"
            guard texts.count == (isLast ? 2 : 1), let count = texts.last.flatMap(Int.init), count > 0 else {
                throw SyntaxProblem(problem: "'take' lacks its number", remedy: "such as: take 20, or take last 20")
            }
            return .take(count, last: isLast)
        default:
            guard let first = texts.first else { return self }
            throw SyntaxProblem(problem: "'\(first)' is too much here", remedy: "this step has no arguments")
        }
    }

    private static func form(_ texts: [String]) throws(SyntaxProblem) -> PartnerDate.Form {
        guard let name = texts.first else { return .iso }
        guard texts.count == 1, let form = PartnerDate.Form(rawValue: name) else {
            throw SyntaxProblem(
                problem: "there is no form '\(texts.joined(separator: " "))' of a date",
                remedy: Suggestion.remedy(for: name, among: PartnerDate.Form.allCases.map(\.rawValue)))
        }
        return form
    }

    private static func text(_ texts: [String]) throws(SyntaxProblem) -> String {
        guard texts.count == 1, !texts[0].isEmpty else {
            throw SyntaxProblem(problem: "one text is expected here", remedy: "put it in quotes")
        }
        return texts[0]
    }

    /// The changed text.
    func apply(_ text: String) throws(Refusal) -> String {
        switch self {
        case .trim: return text.trimmed
        case .lower: return text.lowercased()
        case .upper: return text.uppercased()
        case .digits: return text.filter(\.isASCIIDigit)
        case .title: return Self.title(text)
        case .date(let form):
            guard let read = PartnerDate(text) else { throw Self.notADate }
            return PartnerDate.text(read.date, form)
        case .dateTime(let form):
            guard let read = PartnerDate(text) else { throw Self.notADate }
            return PartnerDate.text(read.instant, form)
        case .nhsNumber: return try Self.nhsNumber(text)
        case .phone: return try Self.phone(text)
        case .postcode: return try Self.postcode(text)
        case .yesNo: return try Self.yesNo(text)
        case .number:
            guard let number = Int(text.trimmed) else {
                throw Refusal(code: .schema, text: "a whole number is expected")
            }
            return String(number)
        case .reference:
            guard text.trimmed.isReference else {
                throw Refusal(
                    code: .schema, text: "a reference of up to 20 letters and digits without spaces is expected")
            }
            return text.trimmed
        case .prefix(let before): return before + text
        case .suffix(let after): return text + after
        case .remove(let part): return text.parts(at: part).joined()
        case .uuid(let name):
            guard let uuid = NamedUUID(name, in: text) else {
                throw Refusal(code: .schema, text: "a UUID is expected")
            }
            return uuid.text
        case .take(let count, let isLast): return String(isLast ? text.suffix(count) : text.prefix(count))
        }
    }

    private static let notADate = Refusal(
        code: .invalidDate, text: "a date with day, month and a year of four digits is expected")

    private static func title(_ text: String) -> String {
        var startsWord = true
        return String(
            text.map { character -> String in
                defer { startsWord = !(character.isLetter || character.isNumber) }
                return startsWord ? character.uppercased() : character.lowercased()
            }.joined())
    }

    private static func yesNo(_ text: String) throws(Refusal) -> String {
        switch text.trimmed.lowercased() {
        case "yes", "y", "true", "t", "1", "x", "on": return "true"
        case "no", "n", "false", "f", "0", "off": return "false"
        default: throw Refusal(code: .unknownCode, text: "yes or no is expected")
        }
    }
}

extension Transform {
    private static func nhsNumber(_ text: String) throws(Refusal) -> String {
        try checked(NHSNumber.normalise(text))
    }

    private static func postcode(_ text: String) throws(Refusal) -> String {
        try checked(Postcode.normalise(text))
    }

    private static func phone(_ text: String) throws(Refusal) -> String {
        try checked(Phone.normalise(text))
    }

    private static func checked(_ check: IdentifierCheck) throws(Refusal) -> String {
        switch check {
        case .passed(let text): return text
        case .absent: return ""
        case .failed(let reason): throw Refusal(code: .invalidIdentifier, text: reason)
        }
    }
}
