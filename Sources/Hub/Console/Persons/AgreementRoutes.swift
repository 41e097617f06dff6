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

/// Recording, replacing and withdrawing a person's agreements: `/console/persons/{id}/agreements/new` and
/// `/console/persons/{id}/agreements/{agreement}/withdraw`, each bound to the agreements that were seen.
struct AgreementRoutes {
    let desk: ConsoleDesk
    let persons: PersonReader
    private var sharing: Sharing { persons.sharing }

    init(desk: ConsoleDesk, persons: PersonReader) {
        self.desk = desk
        self.persons = persons
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Console.newAgreementPath("{id}"))", use: start)
        router.post("\(Console.newAgreementPath("{id}"))", use: record)
        router.get("\(Console.withdrawPath("{id}", "{agreement}"))", use: startWithdrawal)
        router.post("\(Console.withdrawPath("{id}", "{agreement}"))", use: withdraw)
    }

    private static let changed =
        "The person’s agreements have changed since you saw them, or whose they are. Nothing was changed by you: look at them as "
        + "they stand now, and send it again."

    // MARK: Recording

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .recordAgreement) { open in
            guard let id = ConsoleDesk.id(context), let summary = try await persons.summary(of: id) else {
                return desk.unknownPerson
            }
            if let survivor = summary.mergedInto {
                return StaffSite.redirect(to: Console.newAgreementPath(survivor.description))
            }
            if try await persons.isErased(id) { return desk.erasedPerson }
            return try await page(
                try await form(summary, FormRoutes.begin().id, lines: AgreementForm.firstLines), open)
        }
    }

    @Sendable
    private func record(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .recordAgreement, undone: "Nothing was recorded.") { open, fields in
            guard let id = ConsoleDesk.id(context), let summary = try await persons.summary(of: id) else {
                return desk.unknownPerson
            }
            guard summary.mergedInto == nil else { return merged }
            if try await persons.isErased(id) { return desk.erasedPerson }
            guard let begun = FormRoutes.begun(fields["form"]) else {
                return desk.site.failure(
                    .unprocessableContent, "The page is too old", "Nothing was recorded. Please start again.")
            }
            let count = min(max(1, fields["lines"].flatMap { Int($0) } ?? 1), AgreementForm.mostLines)
            let isMore = fields["do"] == "more"
            let lines = isMore ? min(count + AgreementForm.moreLines, AgreementForm.mostLines) : count
            let form = try await form(summary, begun.id, lines: lines)
            if isMore { return try await page(form, open, entered: .init(fields: fields)) }
            return try await record(form, id, begun.id, open, fields)
        }
    }

    private var merged: Response {
        desk.site.failure(
            .conflict, "This person was found to be another",
            "Nothing was recorded. Open the person’s page again, which leads to the right one.")
    }

    private func record(
        _ form: AgreementForm, _ id: UUIDValue, _ key: String, _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        let reading = AgreementFields(fields, form, today: LondonTime.clock(Instant(.now())).date) {
            sharing.isRecipient($0)
        }
        guard reading.mistakes.isEmpty else {
            return try await page(form, open, entered: .init(fields: fields, mistakes: reading.mistakes))
        }
        var body = reading.body
        body["person_id"] = .string(id.description)
        let bytes = StrictJSON.write(.object(body))
        do {
            let request = try AgreementRequest(bytes)
            guard ConsoleDesk.isConfirmed(fields) else {
                guard fields["seen"] == form.seen else { throw AgreementsChanged() }
                guard let trial = try await sharing.trial(of: request.agreement) else { return desk.unknownPerson }
                return asked(trial, form, open, fields)
            }
            let answer = try await sharing.addAgreement(
                bytes, key: key, seen: fields["seen"] ?? "", by: open.principal.id)
            switch answer {
            case nil: return desk.unknownPerson
            case .conflict?:
                var anew = form
                anew.form = FormRoutes.begin().id
                let text =
                    "This page recorded another agreement before. Nothing was recorded now: look at it, and send it again."
                return try await page(
                    anew, open, entered: .init(fields: fields, mistakes: [("", text)]), status: .conflict)
            case .made?, .repeated?:
                return StaffSite.redirect(to: Console.personPath(id.description) + "#agreements")
            }
        } catch is PersonMerged {
            return merged
        } catch CaseStoreError.keyDestroyed {
            return desk.erasedPerson
        } catch let error as RequestError {
            return try await page(
                form, open, entered: .init(fields: fields, mistakes: ConsoleDesk.mistakes(error, AgreementFields.words))
            )
        } catch is AgreementsChanged {
            return try await page(
                form, open, entered: .init(fields: fields, mistakes: [("", Self.changed)]), status: .conflict)
        }
    }

    /// Asks once more, with what may be told then that may not be told now, and the other way round.
    private func asked(
        _ trial: AgreementTrial, _ form: AgreementForm, _ open: StaffSessions.Open, _ fields: [String: String]
    ) -> Response {
        let effects =
            AgreementEffects(trial) { sharing.name(of: $0) }.ofEntering
            + ["It cannot be changed. It can be replaced or withdrawn."]
        let kept = AgreementFields.names(form).compactMap { name in fields[name].map { (name: name, value: $0) } }
        return desk.asked(
            Confirmation(
                "Record this agreement?", effects: effects, path: Console.newAgreementPath(form.person),
                fields: kept + [("do", "record")], deed: "Yes, record it"),
            in: .people, open)
    }

    private func form(_ summary: PersonSummary, _ key: String, lines: Int) async throws -> AgreementForm {
        // Before the agreements: what is added between is not taken for seen.
        let seen = try await sharing.mark(ofAgreementsOf: summary.id)
        let current = try await persons.namedAgreements(of: summary).filter {
            $0.person == summary.id.description && $0.isLive
        }
        let rules = sharing.rules
        return AgreementForm(
            person: summary.id.description, form: key, seen: seen, current: current,
            recipients: sharing.recipients.map { .init($0.id, $0.name) },
            purposes: Purpose.allCases.filter { $0.family == .consent && rules.enabledPurposes.contains($0) }
                .map { .init($0.rawValue, $0.rawValue.replacing("_", with: " ")) },
            groups: FieldGroup.allCases.map { .init($0.rawValue, $0.words) },
            signatories: Agreement.Signatory.allCases.map { .init($0.rawValue, Console.signatory($0.rawValue)) },
            lines: lines)
    }

    private func page(
        _ form: AgreementForm, _ open: StaffSessions.Open, entered: Console.Entered = .init(),
        status: HTTPResponse.Status? = nil
    ) async throws -> Response {
        desk.shown(open, status: status ?? (entered.mistakes.isEmpty ? .ok : .unprocessableContent)) {
            desk.pages.newAgreement(form, entered: entered, at: Instant(.now()), $0, sections: $1)
        }
    }

    // MARK: Withdrawing

    @Sendable
    private func startWithdrawal(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .withdrawAgreement) { open in
            guard let form = try await withdrawalForm(context) else { return desk.unknownAgreement }
            return page(form, open)
        }
    }

    @Sendable
    private func withdraw(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .withdrawAgreement, undone: "Nothing was withdrawn.") {
            open, fields in
            guard let form = try await withdrawalForm(context), let id = UUIDValue(form.agreement.id) else {
                return desk.unknownAgreement
            }
            guard form.agreement.isWithdrawable else {
                let text = "All of it was withdrawn before. Nothing was changed by you."
                return page(form, open, entered: .init(fields: fields, mistakes: [("", text)]), status: .conflict)
            }
            guard fields["seen"] == form.seen else {
                return page(
                    form, open, entered: .init(fields: fields, mistakes: [("", Self.changed)]), status: .conflict)
            }
            var mistakes: [(field: String, text: String)] = []
            let what = fields["what"] ?? ""
            if what != "all", !form.recipients.contains(where: { $0.code == what }) {
                mistakes.append(("what", "Choose what the person withdraws"))
            }
            let received = ConsoleDesk.text(fields, "received_on").map(TypedDate.read)
            let today = LondonTime.clock(Instant(.now())).date
            if received.map({ $0.map { $0 > today } ?? true }) ?? false {
                mistakes.append(("received_on", "Give day, month and year, not in the future, such as 31/3/2026"))
            }
            guard mistakes.isEmpty else {
                return page(form, open, entered: .init(fields: fields, mistakes: mistakes))
            }
            return try await withdraw(what, on: received ?? nil, id, form, open, fields)
        }
    }

    private func withdraw(
        _ what: String, on received: CalendarDate?, _ id: UUIDValue, _ form: WithdrawalForm,
        _ open: StaffSessions.Open, _ fields: [String: String]
    ) async throws -> Response {
        let lines = what == "all" ? nil : form.agreement.lines.filter { $0.recipient == what }.map(\.number)
        let waiting = try await sharing.countResting(on: id, scopeLines: lines)
        // Confirmed is what was named, and no more than that.
        guard ConsoleDesk.isConfirmed(fields), fields["waiting"] == String(waiting) else {
            guard let trial = try await sharing.trial(ofWithdrawing: id, scopeLines: lines) else {
                return desk.unknownAgreement
            }
            return asked(what, waiting, trial, form, open, fields)
        }
        var body = Object()
        if what != "all" { body["recipient"] = .string(what) }
        body["received_at"] = received.map { .string($0.iso) }
        do {
            let done = try await sharing.withdraw(
                id, StrictJSON.write(.object(body)), seen: form.seen, by: open.principal.id)
            guard done != nil else { return desk.unknownAgreement }
            return StaffSite.redirect(to: Console.personPath(form.person) + "#agreements")
        } catch is AgreementsChanged {
            return page(form, open, entered: .init(fields: fields, mistakes: [("", Self.changed)]), status: .conflict)
        } catch let error as RequestError {
            let words = ["received_at": "Give day, month and year, not in the future, such as 31/3/2026"]
            return page(
                form, open,
                entered: .init(
                    fields: fields,
                    mistakes: ConsoleDesk.mistakes(error, words).map {
                        $0.field == "received_at" ? ("received_on", $0.text) : $0
                    }))
        }
    }

    private func asked(
        _ what: String, _ waiting: Int, _ trial: AgreementTrial, _ form: WithdrawalForm, _ open: StaffSessions.Open,
        _ fields: [String: String]
    ) -> Response {
        let whom = form.recipients.first { $0.code == what }?.words
        let stopped =
            switch waiting {
            case 0: "No share waits under it."
            case 1: "1 share that waits is cancelled."
            default: "\(waiting) shares that wait are cancelled."
            }
        let kept = ["seen", "what", "received_on"].compactMap { name in fields[name].map { (name: name, value: $0) } }
        let notice =
            ConsoleDesk.isConfirmed(fields)
            ? "Since you saw it, other shares have come to wait, or wait no more. Nothing was withdrawn yet." : nil
        var effects = [
            whom.map { "\($0) is told nothing more by version \(form.agreement.version)." }
                ?? "Nobody is told anything more by version \(form.agreement.version)."
        ]
        if form.agreement.state == "set_aside" {
            effects.append(
                "It permits nothing now, because two records were found to be one person. If that is taken back, "
                    + "it stays withdrawn.")
        } else if !form.agreement.isLive {
            effects.append("It permits nothing now. Whatever becomes of that, it stays withdrawn.")
        }
        effects += AgreementEffects(trial) { sharing.name(of: $0) }.ofWithdrawing(only: what == "all" ? nil : what)
        effects += [
            stopped, "What was told before cannot be called back.",
            "The withdrawal cannot be taken back; the person can sign another agreement.",
        ]
        return desk.asked(
            Confirmation(
                whom.map { "Withdraw what \($0) may be told?" } ?? "Withdraw the whole agreement?", effects: effects,
                path: Console.withdrawPath(form.person, form.agreement.id),
                fields: kept + [("waiting", String(waiting))], deed: "Yes, withdraw it", notice: notice),
            in: .people, open)
    }

    private func withdrawalForm(_ context: ExchangeContext) async throws -> WithdrawalForm? {
        guard let id = ConsoleDesk.id(context), let asked = context.parameters.get("agreement"),
            let summary = try await persons.summary(of: id)
        else { return nil }
        // Before the agreement: what is withdrawn between is not taken for seen.
        guard let agreement = UUIDValue(asked.lowercased()),
            let holder = try await persons.allAgreements(of: summary).first(where: { $0.id == agreement.description }),
            let person = UUIDValue(holder.person)
        else { return nil }
        let seen = try await sharing.mark(ofAgreementsOf: person)
        guard
            let stands = try await persons.allAgreements(of: summary).first(where: { $0.id == agreement.description })
        else { return nil }
        let live = Set(stands.lines.filter { $0.withdrawnAt == nil }.map(\.recipient))
        return WithdrawalForm(
            person: id.description, agreement: stands, seen: seen,
            recipients: live.map { .init($0, sharing.name(of: $0)) }.sorted { $0.words < $1.words })
    }

    private func page(
        _ form: WithdrawalForm, _ open: StaffSessions.Open, entered: Console.Entered = .init(),
        status: HTTPResponse.Status? = nil
    ) -> Response {
        var form = form
        // The recipients by name, where they are read.
        for index in form.agreement.lines.indices {
            form.agreement.lines[index].recipient = sharing.name(of: form.agreement.lines[index].recipient)
        }
        return desk.shown(open, status: status ?? (entered.mistakes.isEmpty ? .ok : .unprocessableContent)) {
            desk.pages.withdrawal(form, entered: entered, at: Instant(.now()), $0, sections: $1)
        }
    }
}

extension ConsoleDesk {
    var unknownAgreement: Response {
        site.failure(
            .notFound, "There is no such agreement", "Open the person’s page, which lists all that were recorded.")
    }
}
