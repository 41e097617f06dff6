/// One thing that the public form asks. The raw value is the field's name in the page.
package enum FormAnswer: String, CaseIterable, Sendable {
    /// Whether the sender is 13 or older: `yes` or `no`.
    case over13 = "over_13"
    /// Whom it is about: `me` or `other`.
    case subject
    /// What the sender is to the person.
    case relation
    /// Whether the person knows of it: `yes`, `no` or `unsure`.
    case personKnows = "person_knows"
    case yourName = "your_name"
    case yourPhone = "your_phone"
    case yourEmail = "your_email"
    case given, family
    case birthDay = "birth_day"
    case birthMonth = "birth_month"
    case birthYear = "birth_year"
    case age
    case addressLine1 = "address_1"
    case addressLine2 = "address_2"
    case town, postcode, phone, email, language
    case contactBy = "contact_by"
    case reason
    /// Whether somebody is hurting the sender, which only children are asked: `yes` or `no`.
    case harm
    /// Set once the advice to call 999 was shown.
    case advised

    /// Characters that are taken at most.
    var longest: Int {
        switch self {
        case .reason: 4_000
        case .addressLine1, .addressLine2, .given, .family, .yourName, .email, .yourEmail: 120
        default: 60
        }
    }
}

/// What has been answered so far. It travels in the pages, hidden, and is stored nowhere before it is sent.
package struct FormAnswers: Sendable, Equatable {
    private var texts: [FormAnswer: String] = [:]

    package init() {}

    /// Reads the fields of a page; those that the form does not know are dropped.
    package init(fields: [String: String]) {
        for (name, text) in fields {
            guard let answer = FormAnswer(rawValue: name) else { continue }
            self[answer] = text
        }
    }

    /// An answer without the space round it; nil when there is none.
    package subscript(answer: FormAnswer) -> String? {
        get { texts[answer] }
        set {
            let text = newValue.map(Self.trimmed) ?? ""
            texts[answer] = text.isEmpty ? nil : text
        }
    }

    /// Every answer, in the order of the form.
    var all: [(answer: FormAnswer, text: String)] {
        FormAnswer.allCases.compactMap { answer in texts[answer].map { (answer, $0) } }
    }

    var isFromChild: Bool { self[.over13] == "no" }
    var isAboutSender: Bool { self[.subject] == "me" }

    /// Browsers send line ends as CR LF; control characters have no place in any answer.
    static func trimmed(_ text: String) -> String {
        let lines = text.replacing("\r\n", with: "\n")
        let kept = lines.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control }
        var characters = Substring(String(String.UnicodeScalarView(kept)))
        while characters.first?.isWhitespace == true { characters.removeFirst() }
        while characters.last?.isWhitespace == true { characters.removeLast() }
        return String(characters)
    }
}
