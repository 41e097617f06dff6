/// What one fills in to ask that something about a person be told to somebody.
package struct ShareForm: Sendable {
    package struct Choice: Sendable {
        package var code: String
        package var words: String

        package init(_ code: String, _ words: String) {
            self.code = code
            self.words = words
        }
    }

    package var person: String
    /// What the share will be called: sent twice, it is asked for once.
    package var form: String
    package var recipients: [Choice]
    package var purposes: [Choice]
    package var levels: [Choice]
    package var groups: [Choice]

    package init(
        person: String, form: String, recipients: [Choice], purposes: [Choice], levels: [Choice], groups: [Choice]
    ) {
        self.person = person
        self.form = form
        self.recipients = recipients
        self.purposes = purposes
        self.levels = levels
        self.groups = groups
    }

    /// The names of the fields that are sent along from the form to what would happen, and back.
    package var fieldNames: [String] {
        ["form", "recipient", "recipient_id", "purpose", "level", "authority_ref", "public_body", "identity_verified"]
            + groups.map { "groups_\($0.code)" } + groups.map { "ordered_\($0.code)" }
    }
}

/// What would become of a share if it were asked for now.
package struct ShareRehearsal: Sendable {
    package var recipient: String
    package var purpose: String
    package var level: String
    /// How it would be decided, with a sign that says the same.
    package var verdict: String
    package var sign: String
    /// Why, and what follows from asking.
    package var reasons: [String]
    package var told: [String]
    package var withheld: [String]
    package var preview: ShareReview.Preview
    /// What the decision and the document rest on.
    package var digest: String
    package var deed: String

    package init(
        recipient: String, purpose: String, level: String, verdict: String, sign: String, reasons: [String],
        told: [String], withheld: [String], preview: ShareReview.Preview, digest: String, deed: String
    ) {
        self.recipient = recipient
        self.purpose = purpose
        self.level = level
        self.verdict = verdict
        self.sign = sign
        self.reasons = reasons
        self.told = told
        self.withheld = withheld
        self.preview = preview
        self.digest = digest
        self.deed = deed
    }
}

extension Console {
    /// The options of a list, the chosen one marked.
    static func options(_ choices: [ShareForm.Choice], chosen: String?) -> [[String: Any]] {
        choices.map { ["code": $0.code, "words": $0.words, "isChosen": $0.code == chosen] }
    }

    /// Boxes to tick, each a field of its own: `<name>_<code>`.
    static func boxes(_ name: String, _ choices: [ShareForm.Choice], _ fields: [String: String]) -> [[String: Any]] {
        choices.map { choice in
            let field = "\(name)_\(choice.code)"
            return ["field": field, "words": choice.words, "isTicked": fields[field] != nil]
        }
    }

    /// Where somebody says who is to be told what about a person.
    package func newShare(
        _ form: ShareForm, entered: Entered = Entered(), _ reader: Reader, sections: Set<Section>
    ) -> String {
        let fields = entered.fields
        let isLegal =
            fields.keys.contains { $0.hasPrefix("ordered_") }
            || ["authority_ref", "public_body", "identity_verified"].contains { !(fields[$0] ?? "").isEmpty }
        var values: [String: Any] = [
            "heading": "Ask for a share", "path": Self.newSharePath(form.person),
            "personPath": Self.personPath(form.person), "form": form.form,
            "recipients": Self.options(form.recipients, chosen: fields["recipient"]),
            "purposes": Self.options(form.purposes, chosen: fields["purpose"]),
            "levels": Self.options(form.levels, chosen: fields["level"] ?? form.levels.first?.code),
            "groups": Self.boxes("groups", form.groups, fields), "ordered": Self.boxes("ordered", form.groups, fields),
            "recipientID": fields["recipient_id"] ?? "", "authority": fields["authority_ref"] ?? "",
            "isPublicBody": fields["public_body"] != nil, "isVerified": fields["identity_verified"] != nil,
            "choosesGroups": fields.keys.contains { $0.hasPrefix("groups_") }, "isLegal": isLegal,
            "wrong": Dictionary(entered.mistakes.map { ($0.field, true) }) { first, _ in first },
        ]
        values.merge(entered.view) { $1 }
        return page(
            "share_new", (entered.mistakes.isEmpty ? "" : "Error: ") + "Ask for a share", reader, in: .people,
            sections: sections, values)
    }

    /// What would happen, and exactly what would leave, before anything is asked for.
    ///
    /// - Parameter fields: What was entered, to be sent again.
    package func rehearsedShare(
        _ rehearsal: ShareRehearsal, of form: ShareForm, entered: Entered, _ reader: Reader, sections: Set<Section>
    ) -> String {
        var values: [String: Any] = [
            "heading": "What would happen", "path": Self.newSharePath(form.person),
            "personPath": Self.personPath(form.person), "recipient": rehearsal.recipient,
            "purpose": rehearsal.purpose.humanised, "level": rehearsal.level.humanised, "verdict": rehearsal.verdict,
            "sign": rehearsal.sign, "reasons": rehearsal.reasons,
            "told": rehearsal.told.isEmpty ? "nothing" : rehearsal.told.joined(separator: ", "),
            "withheld": rehearsal.withheld.joined(separator: ", "), "hasWithheld": !rehearsal.withheld.isEmpty,
            "deed": rehearsal.deed, "seen": rehearsal.digest, "preview": Self.view(rehearsal.preview),
            "kept": form.fieldNames.compactMap { name in
                entered.fields[name].map { ["field": name, "value": $0] }
            },
        ]
        values.merge(entered.view) { $1 }
        return page(
            "share_rehearsed", (entered.mistakes.isEmpty ? "" : "Error: ") + "What would happen", reader, in: .people,
            sections: sections, values)
    }
}
