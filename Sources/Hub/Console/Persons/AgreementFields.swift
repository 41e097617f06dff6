import Console
import Postgres
import Referral

/// The fields of the form for an agreement, read as the body of `POST /v1/agreements`.
struct AgreementFields {
    /// All but whose it is.
    private(set) var body = Object()
    private(set) var mistakes: [(field: String, text: String)] = []

    /// How the page says what is wrong with its fields.
    static let words = [
        "signed_on": "Give the day on which it was signed, such as 31/3/2026", "signed_by": "Choose who signed",
        "starts": "Give day, month and year, such as 31/3/2026",
        "expires": "The end must be a day after the beginning, such as 31/3/2026",
        "authority_evidence": "Say it in at most 200 letters", "supplements": "Choose what it does",
        "witness": "Enter an id: letters, digits and . _ : - without spaces, not a name",
        "scan_sha256": "Enter the 64 letters and digits of a SHA-256",
    ]

    /// The fields that are sent again once all is confirmed.
    static func names(_ form: AgreementForm) -> [String] {
        let lines = (1...form.lines).flatMap { number -> [String] in
            let name = "line_\(number)"
            return ["\(name)_recipient", "\(name)_recipient_id", "\(name)_dependants"]
                + form.purposes.map { "\(name)_purposes_\($0.code)" } + form.groups.map { "\(name)_groups_\($0.code)" }
        }
        return ["form", "seen", "lines", "supplements", "guardian_permission"] + texts + lines
    }

    private static let texts = [
        "signed_on", "signed_by", "starts", "expires", "authority_evidence", "witness", "scan_sha256",
    ]

    /// - Parameter isRecipient: Whether an id is of somebody who may be told something at all.
    init(
        _ fields: [String: String], _ form: AgreementForm, today: CalendarDate, isRecipient: (String) -> Bool
    ) {
        for name in ["signed_on", "starts", "expires"] {
            guard let text = ConsoleDesk.text(fields, name) else { continue }
            guard let date = TypedDate.read(text), name != "signed_on" || date <= today else {
                fail(
                    name,
                    name == "signed_on" ? "Give the day on which it was signed, not in the future" : Self.words[name])
                continue
            }
            body[name] = .string(date.iso)
        }
        if ConsoleDesk.text(fields, "signed_on") == nil { fail("signed_on", Self.words["signed_on"]) }
        for name in ["signed_by", "authority_evidence", "witness", "scan_sha256", "supplements"] {
            body[name] = ConsoleDesk.text(fields, name).map(Value.string)
        }
        if let evidence = body["authority_evidence"]?.stringValue, Self.hasControls(evidence) {
            fail("authority_evidence", "Say it in letters and digits, on one line")
        }
        if let base = body["supplements"]?.stringValue, !form.current.contains(where: { $0.id == base }) {
            fail("supplements", Self.words["supplements"])
        }
        if fields["guardian_permission"] != nil { body["guardian_permission"] = true }
        body["scope"] = .array((1...form.lines).compactMap { line($0, fields, form, isRecipient).map(Value.object) })
        if body["scope"]?.arrayValue?.isEmpty ?? true, mistakes.allSatisfy({ !$0.field.hasPrefix("line_") }) {
            fail("line_1_recipient", "Say who may be told something: fill in one line at least")
        }
    }

    private mutating func line(
        _ number: Int, _ fields: [String: String], _ form: AgreementForm, _ isRecipient: (String) -> Bool
    ) -> Object? {
        let name = "line_\(number)"
        let (chosen, id) = (
            ConsoleDesk.text(fields, "\(name)_recipient"), ConsoleDesk.text(fields, "\(name)_recipient_id")
        )
        func ticked(_ part: String, _ choices: [ShareForm.Choice]) -> [Value] {
            choices.filter { fields["\(name)_\(part)_\($0.code)"] != nil }.map { .string($0.code) }
        }
        let (purposes, groups) = (ticked("purposes", form.purposes), ticked("groups", form.groups))
        let isEmpty = purposes.isEmpty && groups.isEmpty && fields["\(name)_dependants"] == nil
        switch (chosen, id) {
        case (nil, nil) where isEmpty: return nil
        case (nil, nil): fail("\(name)_recipient", "Line \(number): choose who may be told")
        case (_?, _?):
            fail("\(name)_recipient_id", "Line \(number): choose somebody in the list, or give an id, not both")
        case (let chosen?, nil) where !form.recipients.contains { $0.code == chosen }:
            fail("\(name)_recipient", "Line \(number): choose who may be told")
        case (nil, let id?) where RequestReader.id(id) == nil || !isRecipient(id):
            fail("\(name)_recipient_id", "Line \(number): nobody in the register has that id")
        default: break
        }
        if purposes.isEmpty, let first = form.purposes.first {
            fail("\(name)_purposes_\(first.code)", "Line \(number): tick what for")
        }
        guard let recipient = chosen ?? id else { return nil }
        var line: Object = ["recipient": .string(recipient), "purposes": .array(purposes)]
        if !groups.isEmpty { line["groups"] = .array(groups) }
        if fields["\(name)_dependants"] != nil { line["about"] = "dependants" }
        return line
    }

    private mutating func fail(_ field: String, _ text: String?) { mistakes.append((field, text ?? "")) }

    private static func hasControls(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }
    }
}
