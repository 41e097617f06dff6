package import Referral

extension Console {
    /// Where a person is found by what somebody has at hand. What is typed is in the body of a request only.
    ///
    /// - Parameter keyInPath: Where a referral is keyed in; nil where the reader may not.
    package func personSearch(
        _ search: PersonSearch, keyInPath: String? = nil, _ reader: Reader, sections: Set<Section>
    ) -> String {
        page("persons", search, ["keyInPath": keyInPath ?? false], reader, sections)
    }

    /// The persons who fit, masked.
    ///
    /// - Parameter mayBeMore: Whether not all are shown.
    package func personsFound(
        _ persons: [MaskedPerson], mayBeMore: Bool, for search: PersonSearch, at now: Instant,
        keyInPath: String? = nil, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let answer =
            switch persons.count {
            case 0: mayBeMore ? "Very many come near, and not all could be looked at" : "Nobody fits"
            case 1: mayBeMore ? "One person, and there may be more" : "One person fits"
            case let count: mayBeMore ? "\(count) persons, and there may be more" : "\(count) persons fit"
            }
        return page(
            "persons", search,
            [
                "keyInPath": keyInPath ?? false, "answer": answer, "isNobody": persons.isEmpty && !mayBeMore,
                "mayBeMore": mayBeMore,
                "persons": persons.map { Self.view($0, at: now) },
            ], reader, sections)
    }

    private func page(
        _ template: String, _ search: PersonSearch, _ more: [String: Any], _ reader: Reader, _ sections: Set<Section>
    ) -> String {
        func field(_ name: String, _ label: String, _ hint: String, mode: String = "text") -> [String: Any] {
            var view: [String: Any] = [
                "name": name, "label": label, "hint": hint, "mode": mode, "value": search.typed[name] ?? "",
            ]
            view["mistake"] = search.mistakes.first { $0.field == name }?.text
            return view
        }
        var values = more
        values["heading"] = "Find a person"
        values["path"] = MessagePath.persons
        values["isMistaken"] = !search.mistakes.isEmpty
        values["mistakes"] = search.mistakes.map { ["field": $0.field, "text": $0.text] }
        values["fields"] = [
            field("nhs_number", "NHS number", "10 digits, such as 999 000 0018.", mode: "numeric"),
            field("family_name", "Family name", "Now or earlier. Capitals, accents and hyphens do not matter."),
            field("birth_date", "Date of birth", "Day, month and year, such as 31/3/1950."),
            field("postcode", "Postcode", "Now or earlier, such as DE1 2FS."),
        ]
        let title = search.mistakes.isEmpty ? "Find a person" : "Error: Find a person"
        return page(template, title, reader, in: .people, sections: sections, values)
    }

    private static func view(_ person: MaskedPerson, at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "id": person.id, "page": Console.personPath(person.id), "initials": person.initials,
            "born": person.born,
            "referrals": person.referrals.map { referral -> [String: Any] in
                [
                    "id": referral.id, "life": "\(Section.messages.path)/\(referral.id)",
                    "at": Moment(referral.at, now: now).view, "sender": referral.sender, "type": referral.type,
                    "state": referral.state,
                ]
            },
        ]
        view["district"] = person.district
        return view
    }
}
