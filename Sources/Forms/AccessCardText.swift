import Referral

/// An access card in words, as a control room reads it: what is dangerous first, then where, how to get in, and who is there.
struct AccessCardText {
    struct Line: Equatable {
        var term: String
        var text: String
    }

    struct Section {
        /// As the card has it, and the page's id for it.
        var name: String
        var title: String
        var lines: [Line]
        /// What asks for the key safe's code.
        var reveal: String?

        var view: [String: Any] {
            var view: [String: Any] = [
                "name": name, "title": title, "isDanger": name == "hazards",
                "lines": lines.map { ["term": $0.term, "text": $0.text] },
            ]
            // Said, since what is around might have one.
            view["reveal"] = reveal ?? false
            return view
        }
    }

    /// Whose card it is.
    let name: String
    /// What tells it from other cards: the name and the house.
    let label: String
    let sections: [Section]
    /// What is said of a card that is past its day; nil before.
    let stale: String?
    /// When somebody saw to it that it is right.
    let checked: String?

    /// - Parameter card: As `POST /v1/emergency/lookup` gives it.
    init(_ card: Value) {
        let person = card["person"]
        let name = ["given", "family"].compactMap { person?[$0]?.stringValue }.joined(separator: " ")
        self.name = name.isEmpty ? "One person fits" : name
        let address = card["address"]
        let house = address?["house"]?.stringValue ?? address?["lines"]?.arrayValue?.first?.stringValue
        label = [name, house ?? "", address?["postcode"]?.stringValue ?? ""].filter { !$0.isEmpty }.joined(
            separator: ", ")
        let verified = Self.day(card["verified_on"])
        if card["stale"]?.boolValue == true {
            let by = Self.day(card["valid_until"]).map { ", and should have been again by \($0)" } ?? ""
            stale = "This may be out of date: it was last checked on \(verified ?? "an unknown day")\(by)."
        } else {
            stale = nil
        }
        checked = verified.map { "Last checked with the person on \($0)." }
        let read: [Section?] = [
            Self.list("hazards", "Dangers", card), Self.address(card), Self.keySafe(card),
            Self.section(
                "entry", "Getting in", card, ["door", "floor", "lift", "alarm_code_holder", "dog", "parking"]),
            Self.list("crit", "What the crew must know", card),
            Self.section("occupants", "Who lives there", card, ["adults", "children"]),
            Self.person(person), Self.contacts(card),
        ]
        sections = read.compactMap { $0 }.filter { !$0.lines.isEmpty || $0.reveal != nil }
    }

    // MARK: Sections

    private static func address(_ card: Value) -> Section? {
        guard let address = card["address"] else { return nil }
        var lines: [Line] = []
        let house = address["house"]?.stringValue
        let rest = address["lines"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let written =
            (rest.isEmpty ? [house].compactMap { $0 } : rest) + [address["postcode"]?.stringValue].compactMap { $0 }
        if !written.isEmpty { lines.append(Line(term: "Address", text: written.joined(separator: "\n"))) }
        lines += Self.lines(address, rest.isEmpty ? ["directions", "uprn"] : ["house", "directions", "uprn"])
        if let north = address["latitude"]?.textValue, let east = address["longitude"]?.textValue {
            lines.append(Line(term: "Latitude, longitude", text: "\(north), \(east)"))
        }
        return Section(name: "address", title: "Where", lines: lines)
    }

    private static func keySafe(_ card: Value) -> Section? {
        guard let safe = card["key_safe"] else { return nil }
        let isThere = safe["present"]?.boolValue ?? false
        var lines = Self.lines(safe, ["location"])
        if lines.isEmpty { lines.append(Line(term: "Location", text: isThere ? "Not known" : "There is none")) }
        if isThere, safe["has_code"]?.boolValue == false { lines.append(Line(term: "Code", text: "Not known")) }
        return Section(name: "key_safe", title: "Key safe", lines: lines, reveal: safe["reveal"]?.stringValue)
    }

    private static func person(_ person: Value?) -> Section? {
        guard let person else { return nil }
        var lines: [Line] = []
        if let day = day(person["dob"]) { lines.append(Line(term: "Date of birth", text: day)) }
        lines += Self.lines(person, ["nhs_number"])
        return Section(name: "person", title: "Person", lines: lines)
    }

    private static func contacts(_ card: Value) -> Section? {
        guard let contacts = card["contacts"]?.arrayValue else { return nil }
        let lines = contacts.map { contact in
            let holds = contact["key_holder"]?.boolValue == true ? "holds a key" : nil
            let texts = [contact["relation"]?.stringValue, contact["phone"]?.stringValue, holds].compactMap { $0 }
            return Line(term: contact["name"]?.stringValue ?? "Somebody", text: texts.joined(separator: "\n"))
        }
        return Section(name: "contacts", title: "Whom to call", lines: lines)
    }

    private static func list(_ name: String, _ title: String, _ card: Value) -> Section? {
        guard let elements = card[name]?.arrayValue else { return nil }
        let lines = elements.map { element in
            let kept = element["kept_at"]?.stringValue.map { "Kept: \($0)" }
            let source = element["source"]?.stringValue.map { "According to: \($0)" }
            let until = day(element["review_by"]).map { "Holds until \($0)" }
            let texts = [element["text"]?.stringValue, kept, source, until].compactMap { $0 }
            let kind = element["kind"]?.stringValue ?? ""
            return Line(
                term: terms[kind] ?? said(kind),
                text: texts.isEmpty ? "Nothing more is known" : texts.joined(separator: "\n"))
        }
        return Section(name: name, title: title, lines: lines)
    }

    private static func section(_ name: String, _ title: String, _ card: Value, _ fields: [String]) -> Section? {
        card[name].map { Section(name: name, title: title, lines: lines($0, fields)) }
    }

    // MARK: Words

    private static func lines(_ value: Value, _ fields: [String]) -> [Line] {
        fields.compactMap { field in
            guard let known = value[field] else { return nil }
            let text = known.boolValue.map { $0 ? "Yes" : "No" } ?? known.textValue
            return text.map { Line(term: terms[field] ?? said(field), text: $0) }
        }
    }

    /// Where a field's or a code's own name does not say it.
    private static let terms = [
        "alarm_code_holder": "Who has the alarm's code", "uprn": "UPRN", "nhs_number": "NHS number",
        "violence_marker": "Marked for violence", "medicine_critical": "Medicine that must not be missed",
        "respect_or_dnacpr_exists": "There is a ReSPECT form or DNACPR decision", "smoking_in_bed": "Smokes in bed",
        "structural": "The building is not sound", "capacity": "Capacity to decide", "oxygen": "Oxygen in the home",
    ]

    /// A field's name as a term: `key_holder` is "Key holder".
    private static func said(_ name: String) -> String {
        let words = name.replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// A day as people write it here: `31/03/1950`.
    private static func day(_ value: Value?) -> String? {
        value?.stringValue.flatMap(CalendarDate.init(iso:)).map(day)
    }

    private static func day(_ date: CalendarDate) -> String {
        date.iso.split(separator: "-").reversed().joined(separator: "/")
    }

    /// A moment by the clocks of England: `09:30 on 30/11/2026`.
    static func time(_ instant: Instant) -> String {
        let (date, second) = LondonTime.clock(instant)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        return "\(two(second / 3_600)):\(two(second / 60 % 60)) on \(day(date))"
    }
}
