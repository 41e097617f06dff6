import CaseStore
import Console
import Disclosure
import Forms
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// Asking that something about a person be told: `GET` and `POST /console/persons/{id}/shares/new`. What would leave is shown
/// before anything is asked for.
struct NewShareRoutes {
    /// What a button of the pages asks for.
    private enum Deed: String {
        case preview, change, ask
    }

    let desk: ConsoleDesk
    let persons: PersonReader
    private var sharing: Sharing { persons.sharing }

    init(desk: ConsoleDesk, persons: PersonReader) {
        self.desk = desk
        self.persons = persons
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.newSharePath("{id}"))", use: start)
        router.post("\(Console.newSharePath("{id}"))", use: act)
    }

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .requestShare) { open in
            guard let id = ConsoleDesk.id(context), let summary = try await persons.summary(of: id) else {
                return desk.unknownPerson
            }
            if let survivor = summary.mergedInto {
                return StaffSite.redirect(to: Console.newSharePath(survivor.description))
            }
            if try await persons.isErased(id) { return desk.erasedPerson }
            return page(form(id, FormRoutes.begin().id), open)
        }
    }

    @Sendable
    private func act(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .requestShare, undone: "Nothing was asked for.") { open, fields in
            guard let id = ConsoleDesk.id(context), let summary = try await persons.summary(of: id) else {
                return desk.unknownPerson
            }
            guard summary.mergedInto == nil else {
                return desk.site.failure(
                    .conflict, "This person was found to be another",
                    "Nothing was asked for. Open the person’s page again, which leads to the right one.")
            }
            if try await persons.isErased(id) { return desk.erasedPerson }
            guard let share = FormRoutes.begun(fields["form"]).flatMap({ UUIDValue($0.id) }) else {
                return desk.site.failure(
                    .unprocessableContent, "The page is too old", "Nothing was asked for. Please start again.")
            }
            let form = form(id, share.description)
            var deed = fields["do"].flatMap(Deed.init) ?? .preview
            if deed == .ask, !open.may(.previewShare) { deed = .preview }
            if deed == .change { return page(form, open, entered: .init(fields: fields)) }
            let mistakes = mistakes(in: fields, of: form)
            guard mistakes.isEmpty else {
                return page(form, open, entered: .init(fields: fields, mistakes: mistakes))
            }
            let body = StrictJSON.write(.object(Self.body(fields, person: id, form, by: open.account)))
            do {
                // The form that came before.
                if let standing = try await sharing.standing(share) {
                    guard standing.request.person == id else { return desk.unknownPerson }
                    let wanted = try sharing.request(in: body, id: share, by: StaffSessions.system)
                    return standing.request.asksTheSame(as: wanted)
                        ? StaffSite.redirect(to: Console.approvalPath(share.description)) : anew(form, open, fields)
                }
                return deed == .ask
                    ? try await ask(body, share, form, open, fields)
                    : try await rehearse(body, share, form, open, fields)
            } catch let error as RequestError {
                return page(
                    form, open, entered: .init(fields: fields, mistakes: ConsoleDesk.mistakes(error, Self.words)))
            }
        }
    }

    // MARK: What would happen

    private func rehearse(
        _ body: [UInt8], _ share: UUIDValue, _ form: ShareForm, _ open: StaffSessions.Open, _ fields: [String: String],
        mistakes: [(field: String, text: String)] = [], status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        guard open.may(.previewShare) else { return desk.site.mayNot }
        guard let rehearsal = try await sharing.rehearse(body, id: share, by: StaffSessions.system) else {
            return desk.unknownPerson
        }
        return desk.shown(open, status: status) {
            desk.pages.rehearsedShare(
                ShareRehearsal(rehearsal, recipient: sharing.name(of: rehearsal.request.recipient)), of: form,
                entered: .init(fields: fields, mistakes: mistakes), $0, sections: $1)
        }
    }

    private func ask(
        _ body: [UInt8], _ share: UUIDValue, _ form: ShareForm, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        let now = try await sharing.rehearse(body, id: share, by: StaffSessions.system)
        guard let now else { return desk.unknownPerson }
        guard now.digest == fields["seen"] else {
            let text = "What would happen has changed since you looked. Nothing was asked for: look again."
            return try await rehearse(
                body, share, form, open, fields, mistakes: [("", text)], status: .conflict)
        }
        switch try await sharing.requestShare(body, key: share.description, id: share, by: StaffSessions.system) {
        case nil: return desk.unknownPerson
        case .conflict?: return anew(form, open, fields)
        case .made?, .repeated?: return StaffSite.redirect(to: Console.approvalPath(share.description))
        }
    }

    /// The form under another id, with what was entered: under its own something else was asked for.
    private func anew(_ form: ShareForm, _ open: StaffSessions.Open, _ fields: [String: String]) -> Response {
        var anew = form
        anew.form = FormRoutes.begin().id
        let text = "This page asked for another share before, which stands. Nothing was asked for now: look again."
        return page(anew, open, entered: .init(fields: fields, mistakes: [("", text)]), status: .conflict)
    }

    // MARK: The form

    private func form(_ person: UUIDValue, _ share: String) -> ShareForm {
        let rules = sharing.rules
        let recipients = sharing.recipients
        return ShareForm(
            person: person.description, form: share,
            recipients: recipients.map { .init($0.id, $0.name) },
            purposes: Purpose.allCases.filter(rules.enabledPurposes.contains).map {
                .init($0.rawValue, $0.rawValue.inWords)
            },
            levels: Level.allCases.reversed().map { .init($0.rawValue, $0.rawValue.inWords) },
            groups: FieldGroup.allCases.map { .init($0.rawValue, $0.words) })
    }

    private func page(
        _ form: ShareForm, _ open: StaffSessions.Open, entered: Console.Entered = .init(),
        status: HTTPResponse.Status? = nil
    ) -> Response {
        desk.shown(open, status: status ?? (entered.mistakes.isEmpty ? .ok : .unprocessableContent)) {
            desk.pages.newShare(form, entered: entered, $0, sections: $1)
        }
    }

    /// How the page says what is wrong with its fields.
    private static let words = [
        "recipient": "Choose who is to be told", "purpose": "Choose what it is for", "level": "Choose a form",
        "authority_ref": "Enter the id of the authority: letters, digits and . _ : - without spaces",
    ]

    private func mistakes(in fields: [String: String], of form: ShareForm) -> [(field: String, text: String)] {
        var mistakes: [(field: String, text: String)] = []
        let (chosen, id) = (ConsoleDesk.text(fields, "recipient"), ConsoleDesk.text(fields, "recipient_id"))
        switch (chosen, id) {
        case (nil, nil): mistakes.append(("recipient", "Choose who is to be told"))
        case (_?, _?): mistakes.append(("recipient_id", "Choose somebody in the list, or give an id, not both"))
        case (let chosen?, nil) where !form.recipients.contains { $0.code == chosen }:
            mistakes.append(("recipient", "Choose who is to be told"))
        case (nil, let id?) where RequestReader.id(id) == nil:
            mistakes.append(("recipient_id", "Enter an id: letters, digits and . _ : - without spaces, not a name"))
        case (nil, let id?) where !sharing.isRecipient(id) && fields["public_body"] == nil:
            mistakes.append(("recipient_id", "Nobody in the register has that id"))
        default: break
        }
        if !form.purposes.contains(where: { $0.code == fields["purpose"] }) {
            mistakes.append(("purpose", "Choose what it is for"))
        }
        if let level = ConsoleDesk.text(fields, "level"), Level(rawValue: level) == nil {
            mistakes.append(("level", "Choose a form"))
        }
        return mistakes
    }

    /// The body of `POST /v1/shares`.
    private static func body(
        _ fields: [String: String], person: UUIDValue, _ form: ShareForm, by account: String
    ) -> Object {
        var body: Object = ["person_id": .string(person.description), "requested_by": .string(account)]
        let recipient = ConsoleDesk.text(fields, "recipient") ?? ConsoleDesk.text(fields, "recipient_id")
        body["recipient"] = recipient.map(Value.string)
        for name in ["purpose", "level", "authority_ref"] {
            body[name] = ConsoleDesk.text(fields, name).map(Value.string)
        }
        for (name, key) in [("groups", "groups"), ("ordered", "ordered_groups")] {
            let ticked = form.groups.map(\.code).filter { fields["\(name)_\($0)"] != nil }
            if !ticked.isEmpty { body[key] = .array(ticked.map(Value.string)) }
        }
        for name in ["public_body", "identity_verified"] where fields[name] != nil { body[name] = .bool(true) }
        return body
    }
}

extension ShareRehearsal {
    fileprivate init(_ rehearsal: Sharing.Rehearsal, recipient: String) {
        let decision = rehearsal.decision
        let why = "As the person is told: “\(decision.reason.explanation)”"
        func words(_ groups: Set<FieldGroup>) -> [String] { FieldGroup.allCases.filter(groups.contains).map(\.words) }
        let (verdict, sign, follows, deed): (String, String, [String], String)
        if decision.mayLeave {
            verdict = decision.withheld.isEmpty ? "It may leave" : "A part of it may leave"
            (sign, deed) = (decision.withheld.isEmpty ? "✓" : "◐", "Ask for it: it is sent at once")
            follows = ["If you ask for it, it is sent to \(recipient) at once. What has left cannot be called back."]
        } else if decision.outcome == .deny {
            (verdict, sign, deed) = ("It would not be shared", "✕", "Ask for it all the same")
            follows = ["If you ask for it all the same, nothing leaves, and that it was refused is on record."]
        } else {
            (verdict, sign, deed) = ("A person must decide", "!", "Ask for it: it waits for a person")
            let whom = decision.awaits.map { " It waits for \($0.inWords)." } ?? ""
            follows = ["If you ask for it, nothing leaves before somebody has let it go.\(whom) Whoever asks cannot."]
        }
        let preview: ShareReview.Preview =
            switch rehearsal.preview {
            case .document(let document, let digest): .init(document, digest)
            case .nothing(let finding): .nothing(finding.text)
            }
        self.init(
            recipient: recipient, purpose: rehearsal.request.purpose, level: rehearsal.request.level, verdict: verdict,
            sign: sign, reasons: [why] + follows, told: words(decision.released), withheld: words(decision.withheld),
            preview: preview, digest: rehearsal.digest, deed: deed)
    }
}

extension String {
    /// A code word as words: `care_support` as `Care support`.
    fileprivate var inWords: String {
        let words = replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}
