import Referral

/// A page of questions, in the order in which they are asked.
package enum FormStep: String, CaseIterable, Sendable {
    case age, subject, you, person, contact, reason
    /// The advice to call 999, shown when the words suggest it.
    case emergency
    case check

    /// What the page asks of this sender; nothing when it is left out.
    func answers(for answers: FormAnswers) -> [FormAnswer] {
        switch self {
        case .age: [.over13]
        case .subject: [.subject]
        case .you: answers.isAboutSender ? [] : [.relation, .personKnows, .yourName, .yourPhone, .yourEmail]
        case .person: [.given, .family, .birthDay, .birthMonth, .birthYear, .age]
        case .contact:
            [.addressLine1, .addressLine2, .town, .postcode, .phone, .email, .contactBy, .language]
        case .reason: answers.isFromChild ? [.reason, .harm] : [.reason]
        case .emergency: EmergencyWords.occur(in: answers[.reason] ?? "") ? [.advised] : []
        case .check: []
        }
    }

    /// The next page for this sender.
    func next(for answers: FormAnswers) -> FormStep {
        let later = Self.allCases.drop { $0 != self }.dropFirst()
        return later.first { $0 == .check || !$0.answers(for: answers).isEmpty } ?? .check
    }

    /// What is wrong with a page's answers, each with the field that it is about.
    func mistakes(in answers: FormAnswers, today: CalendarDate) -> [FormMistake] {
        var mistakes: [FormMistake] = []
        func fail(_ answer: FormAnswer, _ text: String) { mistakes.append(FormMistake(answer: answer, text: text)) }
        func choose(_ answer: FormAnswer, _ text: String) {
            let options = FormQuestion(answer, for: answers).options
            if !options.contains(where: { $0.value == answers[answer] }) { fail(answer, text) }
        }
        func optional(_ answer: FormAnswer, _ check: (String) -> IdentifierCheck, _ text: String) {
            guard let given = answers[answer], check(given).normal == nil else { return }
            fail(answer, text)
        }
        for answer in self.answers(for: answers) {
            guard let text = answers[answer], text.count > answer.longest else { continue }
            fail(answer, "\(FormQuestion(answer, for: answers).name) must be \(answer.longest) characters or less")
        }
        switch self {
        case .age: choose(.over13, "Select yes if you are 13 or older")
        case .subject: choose(.subject, "Select who you are telling us about")
        case .you:
            guard !answers.isAboutSender else { break }
            choose(.relation, "Select how you know the person")
            choose(.personKnows, "Select whether the person knows that you are telling us")
            optional(.yourPhone, Phone.normalise, "Enter a phone number, like 01632 960001 or 07700 900982")
            optional(.yourEmail, Email.normalise, "Enter an email address, like name@example.com")
        case .person:
            if answers[.given] == nil, answers[.family] == nil { fail(.given, "Enter a first name or a last name") }
            switch answers.birthDate(today: today) {
            case .none, .some(.success): break
            case .some(.failure(let mistake)): mistakes.append(mistake)
            }
            if let age = answers[.age], !(0...130).contains(Int(age) ?? -1) {
                fail(.age, "Age must be a number from 0 to 130")
            }
        case .contact:
            optional(.postcode, Postcode.normalise, "Enter a full UK postcode, like DE1 2FS")
            optional(.phone, Phone.normalise, "Enter a phone number, like 01632 960001 or 07700 900982")
            optional(.email, Email.normalise, "Enter an email address, like name@example.com")
            if answers[.contactBy] != nil { choose(.contactBy, "Select how to get in touch") }
            let isFindable =
                answers[.addressLine1] != nil || answers[.postcode] != nil || answers[.phone] != nil
                || answers[.age] != nil || answers[.birthYear] != nil
            if !isFindable {
                fail(.addressLine1, "Enter an address or a phone number, or go back and give a date of birth or an age")
            }
        case .reason:
            if answers[.reason] == nil { fail(.reason, "Enter what is happening and what would help") }
            if answers.isFromChild { choose(.harm, "Select yes if someone is hurting you or you feel unsafe") }
        case .emergency, .check: break
        }
        return mistakes
    }
}

/// Something that the sender has to put right.
package struct FormMistake: Error, Sendable, Equatable {
    package var answer: FormAnswer
    package var text: String
}

extension FormAnswers {
    /// The birth date; nil when nothing of it was given.
    func birthDate(today: CalendarDate) -> Result<CalendarDate, FormMistake>? {
        let parts = [self[.birthDay], self[.birthMonth], self[.birthYear]]
        guard parts.contains(where: { $0 != nil }) else { return nil }
        let names = ["day", "month", "year"]
        let fields: [FormAnswer] = [.birthDay, .birthMonth, .birthYear]
        for (index, part) in parts.enumerated() where part == nil {
            return .failure(
                FormMistake(answer: fields[index], text: "Date of birth must include a \(names[index])"))
        }
        let numbers = parts.map { $0.flatMap { Int($0) } ?? -1 }
        guard (1_880...9_999).contains(numbers[2]),
            let date = CalendarDate(year: numbers[2], month: numbers[1], day: numbers[0])
        else { return .failure(FormMistake(answer: .birthDay, text: "Date of birth must be a real date")) }
        guard date <= today else {
            return .failure(FormMistake(answer: .birthDay, text: "Date of birth must be in the past"))
        }
        return .success(date)
    }
}
