import Mustache
package import Referral

/// The pages on which a control room without a system of its own looks somebody up, as HTML: one form, the access card or
/// the houses and first names that an answer has, and a key safe's code. Everything goes through Mustache's `{{…}}`, which
/// escapes it.
package struct ControlRoomPages: Sendable {
    /// Who asks.
    package enum User: Sendable {
        /// Somebody who is signed in.
        case signedIn(StaffForm.Session)
        /// Somebody who cannot be signed in now, and types ``userField`` and ``whyField``.
        case typed
    }

    /// What is wrong with a field.
    package struct Mistake: Sendable, Equatable {
        package var field: String
        package var text: String

        package init(_ field: String, _ text: String) {
            self.field = field
            self.text = text
        }
    }

    package static let userField = "user"
    package static let whyField = "why"
    package static let incidentField = "incident_ref"
    package static let reasonField = "reason"
    /// Whose key safe's code is asked for, to be shown with it.
    private static let labelField = "of"

    /// The four ways to say who is meant: what each asks, by the fields of a look-up's query.
    package static let ways: [[String]] = [["postcode", "house"], ["name", "dob"], ["nhs_number"], ["uprn"]]

    /// What a page of an answer brings back with the next request.
    private static let carried = [userField, whyField, incidentField, reasonField]

    private let team: String
    private let path: String
    private let keySafePath: String

    /// - Parameters:
    ///   - path: Where the form is served, and sent to.
    ///   - keySafePath: Where a key safe's code is asked for.
    package init(team: String, path: String, keySafePath: String) {
        self.team = team
        self.path = path
        self.keySafePath = keySafePath
    }

    /// The form.
    ///
    /// - Parameter texts: What was typed before, by field.
    package func form(_ user: User, _ texts: [String: String] = [:], mistakes: [Mistake] = []) -> String {
        let title = "How to get to somebody"
        let shown = mistakes.map { StaffMistake(field: $0.field, text: $0.text) }
        func view(_ questions: [StaffQuestion]) -> [[String: Any]] { questions.map { $0.view(texts, shown) } }
        var questions = Self.incident
        if case .typed = user { questions = Self.typed + questions }
        return render(
            "control_room", mistakes.isEmpty ? title : "Error: \(title)", user,
            [
                "heading": title, "questions": view(questions), "hasMistakes": !mistakes.isEmpty,
                "mistakes": mistakes.map { ["field": $0.field, "text": $0.text] },
                "ways": zip(Self.headings, Self.asked).map { ["heading": $0, "questions": view($1)] as [String: Any] },
            ])
    }

    private static let typed = [
        StaffQuestion(userField, "Your name, or your number at work"),
        StaffQuestion(whyField, "Why this cannot wait until you can sign in", longest: 500),
    ]

    private static let incident = [
        StaffQuestion(incidentField, "Number of the incident", longest: 64),
        StaffQuestion(reasonField, "Why you need to get in", hint: "For example: no answer at the door", longest: 500),
    ]

    private static let headings = [
        "By address", "Or by name and date of birth", "Or by NHS number", "Or by UPRN",
    ]

    private static let asked: [[StaffQuestion]] = [
        [
            StaffQuestion("postcode", "Postcode", longest: 10),
            StaffQuestion("house", "House", hint: "Its number or name", longest: 60),
        ],
        [
            StaffQuestion("name", "Family name"),
            StaffQuestion("dob", "Date of birth", .date, hint: "For example, 31 3 1950"),
        ],
        [StaffQuestion("nhs_number", "NHS number", .number)],
        [StaffQuestion("uprn", "UPRN", .number)],
    ]

    /// What a look-up has found.
    ///
    /// - Parameters:
    ///   - answer: As `POST /v1/emergency/lookup` gives it.
    ///   - fields: What was sent, of which the next request needs some.
    package func answer(_ answer: Value, to fields: [String: String], _ user: User) -> String {
        var values = standing(answer)
        values["carried"] =
            Self.carried.compactMap { name in
                fields[name].map { ["name": name, "value": $0] }
            } + token(user)
        // The title stands in a browser's history, and names nobody.
        let (title, heading): (String, String)
        if let card = answer["card"] {
            let shown = AccessCardText(card)
            (title, heading) = ("Access card", shown.name)
            values["label"] = shown.label
            values["sections"] = shown.sections.map(\.view)
            values["stale"] = shown.stale
            values["checked"] = shown.checked
        } else if let candidates = answer["candidates"]?.arrayValue {
            title = "More than one person fits"
            heading = title
            values["lead"] = "Choose one, or look up again by more than this."
            values["candidates"] = candidates.enumerated().map { index, candidate in
                let texts = ["given", "house"].compactMap { candidate[$0]?.stringValue }
                return [
                    "number": String(index + 1),
                    "title": "\(index + 1): " + (texts.isEmpty ? "Somebody" : texts.joined(separator: ", ")),
                    "candidate": candidate["candidate"]?.stringValue ?? "",
                ]
            }
        } else {
            title = "Nobody is known by that"
            heading = title
            values["lead"] = "There is no access card that can be told. Try another way of looking, or phone the team."
        }
        values["heading"] = heading
        return render("control_room_answer", title, user, values)
    }

    /// A key safe's code.
    ///
    /// - Parameters:
    ///   - answer: As `POST /v1/emergency/key-safe` gives it.
    ///   - fields: What was sent.
    package func code(_ answer: Value, to fields: [String: String], _ user: User) -> String {
        var values = standing(answer)
        values["code"] = answer["key_safe"]?["code"]?.stringValue
        values["location"] = answer["key_safe"]?["location"]?.stringValue
        values["isAnswer"] = true
        return code(fields, user, values)
    }

    /// Asks somebody who cannot be signed in any more who they are, before a key safe's code is told.
    package func askForCode(_ fields: [String: String], _ user: User, mistakes: [Mistake]) -> String {
        let shown = mistakes.map { StaffMistake(field: $0.field, text: $0.text) }
        return code(
            fields, user,
            [
                "reveal": fields["reveal"] ?? "", "questions": Self.typed.map { $0.view(fields, shown) },
                "isAsking": true,
            ])
    }

    private func code(_ fields: [String: String], _ user: User, _ more: [String: Any]) -> String {
        var values = more
        let title = "Code of the key safe"
        values["heading"] = title
        values["label"] = fields[Self.labelField]
        return render("control_room_code", title, user, values)
    }

    /// A page for what went wrong, in a sentence or two.
    package func failure(title: String, text: String) -> String { render("failure", title, nil, ["text": text]) }

    private func standing(_ answer: Value) -> [String: Any] {
        let asOf = answer["as_of"]?.stringValue.flatMap { Instant(rfc3339: $0) }
        return [
            "isOffline": answer["offline"]?.boolValue ?? true,
            "asOf": asOf.map { "at \(AccessCardText.time($0))" } ?? "some time ago",
        ]
    }

    private func token(_ user: User) -> [[String: String]] {
        guard case .signedIn(let session) = user else { return [] }
        return [["name": "token", "value": session.token]]
    }

    private func render(_ template: String, _ title: String, _ user: User?, _ more: [String: Any]) -> String {
        var values = more
        values["title"] = title
        values["path"] = path
        values["keySafePath"] = keySafePath
        values["team"] = team
        values["isLarge"] = true
        switch user {
        case .signedIn(let session): values["session"] = session.view
        case .typed: values["isUnproved"] = true
        case nil: break
        }
        return FormPages.library.render(values, withTemplate: template) ?? ""
    }
}
