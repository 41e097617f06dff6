import Referral

extension StaffAnswers {
    /// The answers as the envelope of partner interfaces, section 1.
    ///
    /// - Parameters:
    ///   - begun: when the form was begun; the same each time that it is sent
    ///   - staff: the staff system in whose session it was filled in
    func envelope(id: String, sender: String, begun: Instant, today: CalendarDate, staff: String) -> Value {
        var envelope: Object = [
            "message_id": .string(id), "sender": .string(sender), "sent_at": .string(begun.rfc3339),
            "type": .string(MessageType.referral.rawValue),
        ]
        envelope["person"] = person
        envelope["address"] = address
        envelope["reason"] = text("reason")
        envelope["notes"] = text("notes")
        envelope["wishes"] = text("wishes")
        envelope["needs"] = list(chosen("needs").map(Value.string))
        envelope["risks"] = risks
        envelope["urgency"] = text("urgency")
        envelope["consent"] = object([
            ("known", flag("consent_known")), ("agreed", text("consent_agreed")), ("by", text("consent_by")),
            ("on", flag("consent_known") == nil ? nil : .string(takenOn(today).iso)), ("note", text("consent_note")),
        ])
        envelope["household"] = household
        envelope["referrer"] = object([
            ("name", text("referrer_name")), ("role", text("referrer_role")),
            ("organisation", text("referrer_organisation")), ("phone", text("referrer_phone")),
            ("email", text("referrer_email")),
        ])
        envelope["safeguarding"] = object([
            ("concern", flag("concern")), ("raised_with", text("raised_with")), ("raised_at", day("raised_on")),
        ])
        envelope["source_code"] = text("source_code")
        envelope["source_kind"] = text("source_kind")
        envelope["taken"] = object([
            ("how", text("taken_how")), ("by", text("taken_by")), ("on", .string(takenOn(today).iso)),
            ("through", .string(staff)),
        ])
        return .object(envelope)
    }

    private var person: Value? {
        // A person known by a first name alone is named by it.
        let names = [self["family"] == nil ? text("given") : nil, text("also_known_as")].compactMap { $0 }
        let number = text("nhs_number").map { number -> Value in [["type": "nhs_number", "value": number]] }
        return object([
            ("title", text("title")), ("given", text("given")), ("family", text("family")),
            ("also_known_as", list(names)), ("dob", day("dob")),
            ("age_estimate", day("dob") == nil ? self["age"].flatMap { Int($0) }.map { .number(String($0)) } : nil),
            ("sex", text("sex")), ("language", text("language")), ("interpreter", flag("interpreter")),
            ("phone", list([text("phone"), text("phone_2")].compactMap { $0 })), ("email", text("email")),
            ("preferred_contact", text("contact_by")), ("visitor_gender", text("visitor_gender")),
            ("identifiers", number),
        ])
    }

    private var address: Value? {
        object([
            ("lines", list([text("address_1"), text("address_2")].compactMap { $0 })), ("town", text("town")),
            ("postcode", text("postcode")), ("no_fixed_abode", flag("no_fixed_abode")),
            ("safe_to_write", flag("safe_to_write")), ("safe_to_visit", flag("safe_to_visit")),
        ])
    }

    /// A risk for each danger; what is told beside them stands with the first, or alone.
    private var risks: Value? {
        let told: [(String, Value?)] = [("detail", text("risk_detail")), ("to_visitors", flag("risk_to_visitors"))]
        let dangers = chosen("risks")
        guard let first = dangers.first else { return object(told).map { .array([$0]) } }
        let rest = dangers.dropFirst().compactMap { object([("code", .string($0))]) }
        return list([object([("code", .string(first))] + told)].compactMap { $0 } + rest)
    }

    private var household: Value? {
        list(
            (1...3).compactMap { number in
                var member = object([
                    ("relation", text("member_\(number)_relation")), ("given", text("member_\(number)_given")),
                    ("family", text("member_\(number)_family")),
                ])
                member?["lives_here"] = true
                return member
            })
    }

    private func takenOn(_ today: CalendarDate) -> CalendarDate {
        if case .success(let date)? = date("taken_on") { date } else { today }
    }

    private func text(_ name: String) -> Value? { self[name].map(Value.string) }

    private func flag(_ name: String) -> Value? { self[name].map { .bool($0 == "yes") } }

    private func day(_ name: String) -> Value? {
        if case .success(let date)? = date(name) { .string(date.iso) } else { nil }
    }

    private func list(_ elements: [Value]) -> Value? { elements.isEmpty ? nil : .array(elements) }

    private func object(_ members: [(String, Value?)]) -> Value? {
        var object = Object()
        for (key, value) in members { object[key] = value }
        return object.isEmpty ? nil : .object(object)
    }
}
