package import Referral

extension Console {
    /// Where somebody finds a message, by any id that the hub has given.
    ///
    /// - Parameter mistake: What is wrong with the id that was asked for.
    package func find(asked: String = "", mistake: String? = nil, _ reader: Reader, sections: Set<Section>) -> String {
        var values: [String: Any] = ["heading": "Find a message", "findPath": Section.messages.path, "asked": asked]
        values["mistake"] = mistake
        let title = mistake == nil ? "Find a message" : "Error: Find a message"
        return page("find", title, reader, in: .messages, sections: sections, values)
    }

    /// The whole life of one id on one page, what matters first to see.
    ///
    /// - Parameter now: When it is read.
    package func life(_ life: Life, at now: Instant, _ reader: Reader, sections: Set<Section>) -> String {
        let events = life.events.map { Self.view($0, of: life.id, at: now) }
        let steps = life.events.count { $0.weight == .step }
        let persons = sections.contains(.people) ? life.persons : []
        var values: [String: Any] = [
            "heading": "What happened", "id": life.id, "events": events, "findPath": Section.messages.path,
            "persons": persons.map { ["id": $0, "path": Self.personPath($0)] }, "hasPersons": !persons.isEmpty,
            "turns": Self.counted(life.events.count - steps, "event"), "steps": Self.counted(steps, "step"),
        ]
        values["documents"] = life.documents.map { ["path": $0.path, "words": $0.words] }
        return page("life", "Life of \(life.id)", reader, in: .messages, sections: sections, values)
    }

    /// The names of details by whose id there is a life.
    private static let living: Set<String> = [
        "submission", "referral", "person", "other_person", "share", "extract", "agreement",
    ]

    static func counted(_ count: Int, _ what: String) -> String {
        "\(count.grouped) \(what)\(count == 1 ? "" : "s")"
    }

    /// - Parameter id: Whose page it is; no link leads to it.
    static func view(_ event: Life.Event, of id: String, at now: Instant) -> [String: Any] {
        let weight = event.weight
        var view: [String: Any] = [
            "at": Moment(event.at, now: now).view, "words": event.words,
            "style": weight == .trouble ? "bad" : weight == .turn ? "turn" : "step",
            "isTrouble": weight == .trouble, "eventID": event.id,
            "details": event.details.map { detail -> [String: Any] in
                let isID = detail.words.count == 36 && detail.words.allSatisfy { $0.isHexDigit || $0 == "-" }
                var view: [String: Any] = [
                    "name": detail.name.replacing("_", with: " "), "value": detail.words, "link": false,
                ]
                if isID, detail.words != id, Self.living.contains(detail.name) {
                    view["link"] = "\(Section.messages.path)/\(detail.words)"
                }
                return view
            },
        ]
        view["explanation"] = event.explanation
        return view
    }
}
