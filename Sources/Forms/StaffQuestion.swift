import Referral

/// One thing that the staff form asks. The name is the field's in the page.
struct StaffQuestion: Sendable {
    enum Kind: Sendable {
        case line, number, telephone, email, paragraph
        /// One of the options.
        case choice
        /// One of many options, as a list that opens.
        case selection
        /// Any of the options; each is a field of its own, `<name>_<value>`.
        case choices
        /// Day, month and year, each a field of its own: `<name>_day`, `<name>_month`, `<name>_year`.
        case date
    }

    struct Option: Sendable, Equatable {
        var value: String
        var label: String
    }

    let name: String
    var label: String
    var kind: Kind
    var hint: String?
    var options: [Option]
    var isRequired: Bool
    /// Characters that are taken at most.
    var longest: Int

    init(
        _ name: String, _ label: String, _ kind: Kind = .line, hint: String? = nil, options: [Option] = [],
        isRequired: Bool = false, longest: Int = 120
    ) {
        self.name = name
        self.label = label
        self.kind = kind
        self.hint = hint
        self.options = options
        self.isRequired = isRequired
        self.longest = kind == .paragraph ? 4_000 : longest
    }

    /// The names of its fields.
    var fields: [String] {
        switch kind {
        case .choices: options.map { "\(name)_\($0.value)" }
        case .date: ["day", "month", "year"].map { "\(name)_\($0)" }
        default: [name]
        }
    }

    /// The question as the template `question` takes it.
    ///
    /// - Parameters:
    ///   - texts: What was typed before, by field.
    ///   - mistakes: Those of the whole page.
    func view(_ texts: [String: String], _ mistakes: [StaffMistake]) -> [String: Any] {
        let mistake = mistakes.first { fields.contains($0.field) }
        let described = [
            hint.map { _ in "\(name)-hint" }, mistake.map { _ in "\(name)-error" },
        ].compactMap { $0 }.joined(separator: " ")
        var view: [String: Any] = [
            "name": name, "label": label, "value": texts[name] ?? "",
        ]
        view["hint"] = hint
        view["mistake"] = mistake?.text
        view["described"] = described.isEmpty ? nil : described
        switch kind {
        case .choice, .selection:
            view[kind == .choice ? "isChoice" : "isSelection"] = true
            view["options"] = options.enumerated().map { index, option in
                [
                    "id": index == 0 ? name : "\(name)-\(index + 1)", "name": name,
                    "value": option.value, "label": option.label, "isChosen": texts[name] == option.value,
                ] as [String: Any]
            }
        case .choices:
            view["isChoices"] = true
            view["options"] = options.map { option in
                let field = "\(name)_\(option.value)"
                return ["name": field, "label": option.label, "isChosen": texts[field] != nil] as [String: Any]
            }
        case .date:
            view["isDate"] = true
            view["parts"] = zip(["Day", "Month", "Year"], fields).map { label, name in
                [
                    "name": name, "label": label, "value": texts[name] ?? "", "isWide": label == "Year",
                    "isMistaken": mistake?.field == name,
                ] as [String: Any]
            }
        case .paragraph: view["isParagraph"] = true
        case .line, .number, .telephone, .email:
            view["isLine"] = true
            view["type"] = kind == .telephone ? "tel" : kind == .email ? "email" : "text"
            view["isNumber"] = kind == .number
            view["isShort"] = kind == .number || longest <= 30
        }
        return view
    }
}

/// Questions that belong together.
struct StaffSection: Sendable {
    var heading: String
    var questions: [StaffQuestion]
}

extension StaffSection {
    private static func options<Code: RawRepresentable & CaseIterable>(
        _ list: Code.Type, _ labels: [String: String] = [:]
    ) -> [StaffQuestion.Option] where Code.RawValue == String {
        list.allCases.map { code in
            let words = code.rawValue.replacing("_", with: " ")
            return .init(
                value: code.rawValue, label: labels[code.rawValue] ?? words.prefix(1).uppercased() + words.dropFirst())
        }
    }

    private static let yesNo: [StaffQuestion.Option] = [
        .init(value: "yes", label: "Yes"), .init(value: "no", label: "No"),
    ]

    /// The whole form, in the order in which a worker hears it told.
    static let all: [StaffSection] = [
        StaffSection(
            heading: "How it came",
            questions: [
                StaffQuestion(
                    "taken_how", "How was it taken?", .choice,
                    options: [
                        .init(value: "phone", label: "By phone"), .init(value: "letter", label: "By letter"),
                        .init(value: "email", label: "By email"), .init(value: "face_to_face", label: "Face to face"),
                    ], isRequired: true),
                StaffQuestion("taken_by", "Who took it?", hint: "Your own name", isRequired: true),
                StaffQuestion(
                    "taken_on", "When did it come? (optional)", .date, hint: "For example, 27 3 2026. Left out: today"),
            ]),
        StaffSection(
            heading: "Who refers",
            questions: [
                StaffQuestion("referrer_name", "Name", hint: "Leave this out only if they do not want to say"),
                StaffQuestion("referrer_role", "Role, or what they are to the person"),
                StaffQuestion("referrer_organisation", "Organisation (optional)"),
                StaffQuestion("referrer_phone", "Phone number of who refers (optional)", .telephone),
                StaffQuestion("referrer_email", "Email address of who refers (optional)", .email),
                StaffQuestion(
                    "source_code", "Where the referral comes from", .selection,
                    options: options(SourceCode.self, sources), isRequired: true),
                StaffQuestion(
                    "source_kind", "Kind of organisation (optional)", .selection, options: options(SourceKind.self)),
            ]),
        StaffSection(
            heading: "The person",
            questions: [
                StaffQuestion("title", "Title (optional)", longest: 30),
                StaffQuestion("given", "First names"),
                StaffQuestion("family", "Last name"),
                StaffQuestion("also_known_as", "Also known as (optional)"),
                StaffQuestion("dob", "Date of birth", .date, hint: "For example, 27 3 1950"),
                StaffQuestion(
                    "age", "Age, if the date of birth is not known", .number, hint: "A guess will do", longest: 3),
                StaffQuestion(
                    "sex", "Sex (optional)", .choice,
                    options: options(Sex.self, ["F": "Female", "M": "Male", "U": "Not known", "X": "Other"])),
                StaffQuestion("nhs_number", "NHS number (optional)", hint: "10 digits", longest: 20),
                StaffQuestion("phone", "Phone number", .telephone),
                StaffQuestion("phone_2", "Another phone number (optional)", .telephone),
                StaffQuestion("email", "Email address (optional)", .email),
                StaffQuestion(
                    "contact_by", "Best way to get in touch (optional)", .choice,
                    options: options(PreferredContact.self, ["referrer": "Through who refers", "visit": "A visit"])),
                StaffQuestion("language", "Language (optional)", longest: 60),
                StaffQuestion("interpreter", "Is an interpreter needed? (optional)", .choice, options: yesNo),
                StaffQuestion(
                    "visitor_gender", "Would they rather be visited by (optional)", .choice,
                    options: options(VisitorGender.self, ["F": "A woman", "M": "A man"])),
            ]),
        StaffSection(
            heading: "Where they live",
            questions: [
                StaffQuestion("address_1", "Address line 1"),
                StaffQuestion("address_2", "Address line 2 (optional)"),
                StaffQuestion("town", "Town or city"),
                StaffQuestion("postcode", "Postcode", longest: 12),
                StaffQuestion(
                    "no_fixed_abode", "Are they without a fixed address? (optional)", .choice, options: yesNo),
                StaffQuestion("safe_to_write", "Is it safe to write there? (optional)", .choice, options: yesNo),
                StaffQuestion("safe_to_visit", "Is it safe to visit there? (optional)", .choice, options: yesNo),
            ]),
        StaffSection(
            heading: "Why they are referred",
            questions: [
                StaffQuestion("reason", "What is happening, and what would help?", .paragraph, isRequired: true),
                StaffQuestion("wishes", "What the person wants, in their own words (optional)", .paragraph),
                StaffQuestion("needs", "What it is about (optional)", .choices, options: options(NeedCode.self)),
                StaffQuestion(
                    "urgency", "How soon", .choice,
                    options: options(
                        Urgency.self,
                        [
                            "routine": "Routine", "soon": "Soon: within 3 working days",
                            "urgent": "Urgent: the same day",
                            "emergency": "Emergency: 999 has been called",
                        ]), isRequired: true),
                StaffQuestion("risks", "Dangers (optional)", .choices, options: options(DangerCode.self)),
                StaffQuestion("risk_detail", "More about dangers (optional)", .paragraph),
                StaffQuestion(
                    "risk_to_visitors", "Is somebody who visits in danger? (optional)", .choice, options: yesNo),
                StaffQuestion("notes", "Anything else (optional)", .paragraph),
            ]),
        StaffSection(
            heading: "What the person knows and agrees to",
            questions: [
                StaffQuestion(
                    "consent_known", "Does the person know of this referral? (optional)", .choice, options: yesNo),
                StaffQuestion(
                    "consent_agreed", "Do they agree to be referred?", .choice,
                    options: options(ConsentAgreed.self), isRequired: true),
                StaffQuestion("consent_by", "Who says so (optional)"),
                StaffQuestion("consent_note", "More about it (optional)", .paragraph),
            ]),
        StaffSection(
            heading: "Who lives with them",
            questions: (1...3).flatMap { number in
                [
                    StaffQuestion(
                        "member_\(number)_relation", "Person \(number): what they are to the person (optional)"),
                    StaffQuestion("member_\(number)_given", "Person \(number): first name (optional)"),
                    StaffQuestion("member_\(number)_family", "Person \(number): last name (optional)"),
                ]
            }),
        StaffSection(
            heading: "Safeguarding",
            questions: [
                StaffQuestion("concern", "Is there a safeguarding concern? (optional)", .choice, options: yesNo),
                StaffQuestion("raised_with", "Whom it was raised with (optional)"),
                StaffQuestion("raised_on", "When it was raised (optional)", .date, hint: "For example, 27 3 2026"),
            ]),
    ]

    /// The public list of sources, in words (partner interfaces, section 3.1).
    private static let sources: [String: String] = [
        "1A": "Family", "1B": "Friend, neighbour or acquaintance", "1C": "The person themselves",
        "1D": "Another individual", "2A": "School", "2B": "Education service", "3A": "GP", "3B": "Health visitor",
        "3C": "School nurse", "3D": "Other primary care", "3E": "Emergency department", "3F": "Other health service",
        "4": "Housing", "5A": "Our own social care", "5B": "Another department of the council",
        "5C": "Another council's social care", "5D": "Another council", "6": "Police",
        "7": "Courts, probation or youth justice", "8": "Voluntary, care home, faith group, fire or other",
        "9": "Somebody who does not give their name", "10": "Not known",
    ]
}
