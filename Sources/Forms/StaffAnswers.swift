import Referral

/// What was filled in, by the names of fields; those that the form does not know are dropped.
struct StaffAnswers {
    private(set) var texts: [String: String] = [:]

    private static let names = Set(StaffSection.all.flatMap { $0.questions.flatMap(\.fields) })

    init(fields: [String: String]) {
        for (name, text) in fields where Self.names.contains(name) {
            let trimmed = FormAnswers.trimmed(text)
            if !trimmed.isEmpty { texts[name] = trimmed }
        }
    }

    subscript(name: String) -> String? { texts[name] }

    /// A date in three fields; nil when nothing of it was given.
    func date(_ name: String) -> Result<CalendarDate, StaffMistake>? {
        let parts = ["day", "month", "year"].map { (name: "\(name)_\($0)", text: self["\(name)_\($0)"], word: $0) }
        guard parts.contains(where: { $0.text != nil }) else { return nil }
        if let missing = parts.first(where: { $0.text == nil }) {
            return .failure(StaffMistake(field: missing.name, text: "The date must include a \(missing.word)"))
        }
        let numbers = parts.map { $0.text.flatMap { Int($0) } ?? -1 }
        guard (1_880...9_999).contains(numbers[2]),
            let date = CalendarDate(year: numbers[2], month: numbers[1], day: numbers[0])
        else { return .failure(StaffMistake(field: parts[0].name, text: "Enter a real date")) }
        return .success(date)
    }

    /// The chosen options of a question that takes several.
    func chosen(_ name: String) -> [String] {
        let question = StaffSection.all.lazy.flatMap(\.questions).first { $0.name == name }
        return question?.options.map(\.value).filter { self["\(name)_\($0)"] != nil } ?? []
    }

    /// What has to be put right, in the order of the page, each with the field that it is about.
    func mistakes(today: CalendarDate) -> [StaffMistake] {
        StaffSection.all.flatMap(\.questions).compactMap { mistake(in: $0, today: today) }
    }

    private func mistake(in question: StaffQuestion, today: CalendarDate) -> StaffMistake? {
        func fail(_ text: String) -> StaffMistake { StaffMistake(field: question.fields[0], text: text) }
        let name = question.label.replacing(" (optional)", with: "")
        switch question.kind {
        case .date:
            switch date(question.name) {
            case .none: return nil
            case .failure(let mistake): return mistake
            case .success(let date): return date <= today ? nil : fail("\(name): the date must not be in the future")
            }
        case .choices: return nil
        case .choice, .selection:
            guard let chosen = self[question.name] else {
                return question.isRequired ? fail("Select an answer: \(name)") : nil
            }
            return question.options.contains { $0.value == chosen } ? nil : fail("Select an answer: \(name)")
        case .line, .number, .telephone, .email, .paragraph: return mistake(inTextOf: question, name)
        }
    }

    private func mistake(inTextOf question: StaffQuestion, _ name: String) -> StaffMistake? {
        func fail(_ text: String) -> StaffMistake { StaffMistake(field: question.name, text: text) }
        guard let text = self[question.name] else {
            if question.isRequired { return fail("Enter an answer: \(name)") }
            switch question.name {
            case "given" where self["family"] == nil && self["also_known_as"] == nil:
                return fail("Enter a name: a first name, a last name or another name")
            case "referrer_role" where self["referrer_name"] == nil && self["referrer_organisation"] == nil:
                return fail("Enter who refers: a name, an organisation, or what they are to the person")
            default: return nil
            }
        }
        guard text.unicodeScalars.count <= question.longest else {
            return fail("\(name) must be \(question.longest) characters or less")
        }
        switch (question.kind, question.name) {
        case (.telephone, _) where Phone.normalise(text).normal == nil:
            return fail("Enter a phone number, like 01632 960001 or 07700 900982")
        case (.email, _) where Email.normalise(text).normal == nil:
            return fail("Enter an email address, like name@example.com")
        case (.number, _) where !(0...130).contains(Int(text) ?? -1): return fail("Age must be a number from 0 to 130")
        case (_, "postcode") where Postcode.normalise(text).normal == nil:
            return fail("Enter a full UK postcode, like DE1 2FS")
        case (_, "nhs_number") where NHSNumber.normalise(text).normal == nil:
            return fail("Enter the 10 digits of an NHS number: these are not one")
        default: return nil
        }
    }
}

/// Something that the worker has to put right.
struct StaffMistake: Error, Sendable, Equatable {
    var field: String
    var text: String
}
