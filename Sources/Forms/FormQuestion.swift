/// How one thing is asked.
struct FormQuestion {
    /// How it is answered, and so how the page shows it.
    enum Kind {
        case line, number, telephone, email, paragraph, choice
    }

    struct Option: Equatable {
        var value: String
        var label: String
    }

    let answer: FormAnswer
    var label: String
    var hint: String?
    var kind: Kind = .line
    var options: [Option] = []
    /// What browsers may fill in, when the sender tells of themselves (HTML, section "autofill").
    var autocomplete: String?
    /// How mistakes call it.
    var name: String

    init(_ answer: FormAnswer, for answers: FormAnswers) {
        self.answer = answer
        let isOwn = answers.isAboutSender
        let yesNo = [Option(value: "yes", label: "Yes"), Option(value: "no", label: "No")]
        label = ""
        switch answer {
        case .over13:
            label = "Are you 13 or older?"
            kind = .choice
            options = yesNo
        case .subject:
            label = "Who are you telling us about?"
            kind = .choice
            options = [Option(value: "me", label: "Myself"), Option(value: "other", label: "Somebody else")]
        case .relation:
            label = "How do you know the person?"
            kind = .choice
            options = Relation.allCases.map { Option(value: $0.rawValue, label: $0.label) }
        case .personKnows:
            label = "Does the person know that you are telling us?"
            kind = .choice
            options = yesNo + [Option(value: "unsure", label: "I am not sure")]
        case .yourName:
            label = "Your name (optional)"
            hint = "You can leave this out. We will not tell the person who told us unless you say that we may."
            autocomplete = "name"
        case .yourPhone:
            label = "Your phone number (optional)"
            kind = .telephone
            autocomplete = "tel"
        case .yourEmail:
            label = "Your email address (optional)"
            kind = .email
            autocomplete = "email"
        case .given:
            label = "First name"
            autocomplete = isOwn ? "given-name" : nil
        case .family:
            label = "Last name"
            autocomplete = isOwn ? "family-name" : nil
        case .birthDay:
            label = "Day"
            kind = .number
            autocomplete = isOwn ? "bday-day" : nil
        case .birthMonth:
            label = "Month"
            kind = .number
            autocomplete = isOwn ? "bday-month" : nil
        case .birthYear:
            label = "Year"
            kind = .number
            autocomplete = isOwn ? "bday-year" : nil
        case .age:
            label =
                isOwn ? "Your age, if you would rather give that" : "Their age, if you do not know the date of birth"
            hint = "A guess will do"
            kind = .number
        case .addressLine1:
            label = "Address line 1"
            autocomplete = isOwn ? "address-line1" : nil
        case .addressLine2:
            label = "Address line 2 (optional)"
            autocomplete = isOwn ? "address-line2" : nil
        case .town:
            label = "Town or city"
            autocomplete = isOwn ? "address-level2" : nil
        case .postcode:
            label = "Postcode"
            autocomplete = isOwn ? "postal-code" : nil
        case .phone:
            label = "Phone number"
            kind = .telephone
            autocomplete = isOwn ? "tel" : nil
        case .email:
            label = "Email address (optional)"
            kind = .email
            autocomplete = isOwn ? "email" : nil
        case .contactBy:
            label = "What is the best way to get in touch\(isOwn ? "" : " with them")? (optional)"
            kind = .choice
            options = [
                Option(value: "phone", label: "Phone call"), Option(value: "text", label: "Text message"),
                Option(value: "email", label: "Email"), Option(value: "letter", label: "Letter"),
                Option(value: "visit", label: "A visit"),
            ]
        case .language:
            label = "Which language do \(isOwn ? "you" : "they") prefer? (optional)"
            hint = "We can arrange an interpreter"
        case .reason:
            label = "What is happening, and what would help?"
            hint = "You can write in Welsh or any other language."
            kind = .paragraph
        case .harm:
            label = "Is someone hurting you, or do you feel unsafe?"
            kind = .choice
            options = yesNo
        case .advised: break
        }
        name =
            switch answer {
            case .age: "Age"
            case .reason: "What you write"
            case .language: "Language"
            case .yourName, .yourPhone, .yourEmail, .addressLine2, .email:
                label.replacing(" (optional)", with: "")
            default: label
            }
    }
}

/// What a sender is to the person.
enum Relation: String, CaseIterable {
    case family, friend, neighbour, other

    var label: String {
        switch self {
        case .family: "I am a member of their family"
        case .friend: "I am a friend"
        case .neighbour: "I am a neighbour"
        case .other: "Another way"
        }
    }

    /// As staff read it.
    var role: String {
        switch self {
        case .family: "Family member"
        case .friend: "Friend"
        case .neighbour: "Neighbour"
        case .other: "Member of the public"
        }
    }
}
