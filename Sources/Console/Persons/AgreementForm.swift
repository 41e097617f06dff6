package import Referral

/// What one fills in when a person has signed a Shared Agreement.
package struct AgreementForm: Sendable {
    /// Lines on the form at first, how many more a press adds, and at most.
    package static let firstLines = 3
    package static let moreLines = 3
    package static let mostLines = 30

    package var person: String
    /// Sent twice, it is recorded once.
    package var form: String
    /// How the person's agreements stood when the form was shown.
    package var seen: String
    /// Those in force, which a new one replaces or to which it can add.
    package var current: [PersonAgreement]
    package var recipients: [ShareForm.Choice]
    package var purposes: [ShareForm.Choice]
    package var groups: [ShareForm.Choice]
    package var signatories: [ShareForm.Choice]
    package var lines: Int

    package init(
        person: String, form: String, seen: String, current: [PersonAgreement], recipients: [ShareForm.Choice],
        purposes: [ShareForm.Choice], groups: [ShareForm.Choice], signatories: [ShareForm.Choice], lines: Int
    ) {
        self.person = person
        self.form = form
        self.seen = seen
        self.current = current
        self.recipients = recipients
        self.purposes = purposes
        self.groups = groups
        self.signatories = signatories
        self.lines = lines
    }
}

/// Withdrawing an agreement, or what it permits to one recipient.
package struct WithdrawalForm: Sendable {
    package var person: String
    package var agreement: PersonAgreement
    package var seen: String
    /// Those whose permission still stands, by their ids.
    package var recipients: [ShareForm.Choice]

    package init(person: String, agreement: PersonAgreement, seen: String, recipients: [ShareForm.Choice]) {
        self.person = person
        self.agreement = agreement
        self.seen = seen
        self.recipients = recipients
    }
}

extension Console {
    package func newAgreement(
        _ form: AgreementForm, entered: Entered = Entered(), at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let fields = entered.fields
        func isWrong(_ name: String) -> Bool { entered.mistakes.contains { $0.field == name } }
        var values: [String: Any] = [
            "heading": "Record an agreement", "path": Self.newAgreementPath(form.person),
            "personPath": Self.personPath(form.person), "form": form.form, "seen": form.seen, "count": form.lines,
            "current": form.current.map { Self.summary($0, at: now) }, "hasCurrent": !form.current.isEmpty,
            "bases": form.current.filter { $0.supplements == nil && $0.state == "in_force" }.map { agreement in
                [
                    "code": agreement.id, "words": "It adds to version \(agreement.version), which stays",
                    "isChosen": agreement.id == fields["supplements"],
                ] as [String: Any]
            },
            "signatories": Self.options(form.signatories, chosen: fields["signed_by"] ?? "subject"),
            "lines": (1...form.lines).map { Self.line($0, form, fields, isWrong) },
            "mayHaveMore": form.lines < AgreementForm.mostLines,
            "isGuarded": fields["guardian_permission"] != nil,
        ]
        for name in ["signed_on", "starts", "expires", "authority_evidence", "witness", "scan_sha256"] {
            values["value_\(name)"] = fields[name] ?? ""
            values["wrong_\(name)"] = isWrong(name)
        }
        values["wrong_signed_by"] = isWrong("signed_by")
        values.merge(entered.view) { $1 }
        return page(
            "agreement_new", (entered.mistakes.isEmpty ? "" : "Error: ") + "Record an agreement", reader, in: .people,
            sections: sections, values)
    }

    private static func line(
        _ number: Int, _ form: AgreementForm, _ fields: [String: String], _ isWrong: (String) -> Bool
    ) -> [String: Any] {
        let name = "line_\(number)"
        return [
            "name": name, "number": number, "recipients": options(form.recipients, chosen: fields["\(name)_recipient"]),
            "recipientID": fields["\(name)_recipient_id"] ?? "", "recipientIsWrong": isWrong("\(name)_recipient"),
            "idIsWrong": isWrong("\(name)_recipient_id"), "purposes": boxes("\(name)_purposes", form.purposes, fields),
            "groups": boxes("\(name)_groups", form.groups, fields),
            "isLimited": fields.keys.contains { $0.hasPrefix("\(name)_groups_") },
            "isAboutDependants": fields["\(name)_dependants"] != nil,
        ]
    }

    /// An agreement as lines of text, to be seen beside a form.
    private static func summary(_ agreement: PersonAgreement, at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "version": agreement.version, "sign": agreement.standing.sign, "standing": agreement.standing.words,
            "lines": agreement.lines.map { line -> [String: Any] in
                [
                    "text": line.words, "isWithdrawn": line.withdrawnAt != nil,
                ]
            },
        ]
        view["signed"] = agreement.signedOn.map { Moment($0, now: now).view }
        return view
    }

    package func withdrawal(
        _ form: WithdrawalForm, entered: Entered = Entered(), at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let chosen = entered.fields["what"]
        var values: [String: Any] = [
            "heading": "Withdraw an agreement", "path": Self.withdrawPath(form.person, form.agreement.id),
            "personPath": Self.personPath(form.person), "seen": form.seen,
            "agreement": Self.summary(form.agreement, at: now),
            "choices": form.recipients.enumerated().map { index, choice in
                [
                    "id": "what-\(index + 2)", "code": choice.code, "words": choice.words,
                    "isChosen": choice.code == chosen,
                ] as [String: Any]
            },
            "isWithdrawable": form.agreement.isWithdrawable, "isAll": chosen == "all",
            "received": entered.fields["received_on"] ?? "",
            "receivedIsWrong": entered.mistakes.contains { $0.field == "received_on" },
        ]
        values.merge(entered.view) { $1 }
        return page(
            "agreement_withdraw", (entered.mistakes.isEmpty ? "" : "Error: ") + "Withdraw an agreement", reader,
            in: .people, sections: sections, values)
    }
}

extension PersonAgreement.Line {
    /// Who may be told what, for what.
    package var words: String {
        "\(recipient): \(purposes.map(\.humanised).joined(separator: ", ")); "
            + (groups?.joined(separator: ", ") ?? "everything that it is about")
            + (isAboutDependants ? " (about dependants only)" : "")
    }
}
