package import Referral

extension Console {
    /// What a page with hidden values is told besides them.
    package struct Revealing: Sendable {
        /// Of this page: what it asks for once is shown once.
        package var ask: String
        package var value: RevealedValue?
        package var entered: Entered
        /// Said above all, such as that a value was shown before.
        package var notice: String?

        package init(
            ask: String, value: RevealedValue? = nil, entered: Entered = Entered(), notice: String? = nil
        ) {
            self.ask = ask
            self.value = value
            self.entered = entered
            self.notice = notice
        }
    }

    package static func documentsPath(_ id: String) -> String { "\(Section.messages.path)/\(id)/documents" }
    package static func sentPath(_ share: String) -> String { "\(Section.messages.path)/\(share)/sent" }

    /// What came, what was understood, and what was shared, with the values hidden but for one that was asked for.
    package func documents(
        _ sheet: DocumentSheet, _ revealing: Revealing, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let path = Self.documentsPath(sheet.id)
        let views = ValueViews(
            path: path, query: sheet.first > 0 ? "?from=\(sheet.first)" : "", first: sheet.first,
            revealed: revealing.value)
        var values: [String: Any] = [
            "heading": "Documents", "lifePath": Reference("", sheet.id).path, "documentsPath": path,
            "submission": Reference("submission", sheet.submission).view, "hasForm": sheet.hasValues,
            "hasReferral": sheet.referral != nil, "hasReceived": sheet.received != nil,
            "hasUnderstood": sheet.understood != nil, "hasShares": sheet.shares != nil,
            "hasSiblings": !sheet.siblings.isEmpty,
            "siblings": sheet.siblings.map { sibling -> [String: Any] in
                [
                    "path": Self.documentsPath(sibling.id), "number": sibling.number.grouped,
                    "type": sibling.type.humanised,
                ]
            },
        ]
        values["referral"] = sheet.referral.map { Reference("referral", $0).view }
        values["morePath"] = sheet.more.map { "\(Self.documentsPath(sheet.submission))?after=\($0)" }
        switch sheet.received {
        case .shown(let received)?: values["received"] = Self.view(received, views, path)
        case .absent(let why)?: values["noReceived"] = why
        case nil: break
        }
        switch sheet.understood {
        case .shown(let understood)?:
            values["understood"] = [
                "rows": understood.values.map(views.view), "missing": understood.missing.joined(separator: ", "),
                "hasMissing": !understood.missing.isEmpty, "isCut": understood.isCut,
            ]
        case .absent(let why)?: values["noUnderstood"] = why
        case nil: break
        }
        if let shares = sheet.shares {
            values["hasNoShare"] = shares.isEmpty
            values["shares"] = shares.map { share -> [String: Any] in
                [
                    "recipient": share.recipient, "purpose": share.purpose.humanised, "state": share.stateWords,
                    "reasons": share.reasonsOrCause, "sharePath": Reference("", share.id).path,
                    "sentPath": sheet.maySeeSent ? Self.sentPath(share.id) : "", "maySeeSent": sheet.maySeeSent,
                ]
            }
        }
        values.merge(Self.view(revealing, views, named: sheet.name)) { $1 }
        return page(
            "documents", Self.title("Documents", revealing), reader, in: .messages, sections: sections, values)
    }

    /// What left for a share, or why nothing did.
    package func sent(
        _ sheet: SentSheet, _ revealing: Revealing, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let share = sheet.share
        let views = ValueViews(path: Self.sentPath(share.id), query: "", first: 0, revealed: revealing.value)
        var rows: [HiddenValue] = []
        var values: [String: Any] = [
            "heading": "What was sent", "lifePath": Reference("", share.id).path, "recipient": share.recipient,
            "purpose": share.purpose.humanised, "state": share.stateWords, "reasons": share.reasonsOrCause,
            "share": Reference("share", share.id).view, "person": Reference("person", share.person).view,
            "attempts": sheet.attempts.grouped, "released": sheet.released.joined(separator: ", "),
            "hasLeft": sheet.attempts > 0,
        ]
        values["leftAt"] = sheet.at.map { Moment($0, now: now).view }
        switch sheet.content {
        case .nothing: values["isNothing"] = true
        case .changed(let digest): values["changed"] = ["digest": digest]
        case .destroyed: values["isDestroyed"] = true
        case .same(let found, let digest, let mediaType, let bytes):
            rows = found
            values["same"] = [
                "rows": found.map(views.view), "digest": digest, "mediaType": mediaType, "bytes": bytes.grouped,
            ]
        }
        values["hasForm"] = !rows.isEmpty
        values.merge(Self.view(revealing, views) { key in rows.first { $0.key == key }?.name }) { $1 }
        return page(
            "sent", Self.title("What was sent", revealing), reader, in: .messages, sections: sections, values)
    }

    /// What a title says never hangs on a value.
    private static func title(_ heading: String, _ revealing: Revealing) -> String {
        (revealing.entered.mistakes.isEmpty ? "" : "Error: ") + heading
    }

    private static func view(
        _ revealing: Revealing, _ views: ValueViews, named name: (String) -> String?
    ) -> [String: Any] {
        func isWrong(_ field: String) -> Bool { revealing.entered.mistakes.contains { $0.field == field } }
        let reason = revealing.entered.fields["reason"]
        var view: [String: Any] = [
            "ask": revealing.ask, "formPath": views.path + views.query,
            "choices": RevealForm.Reason.allCases.map { one -> [String: Any] in
                ["code": one.rawValue, "words": one.words, "isChosen": one.rawValue == reason]
            },
            "reference": revealing.entered.fields["reference"] ?? "", "reasonIsWrong": isWrong("reason"),
            "referenceIsWrong": isWrong("reference"),
        ]
        view["notice"] = revealing.notice
        // Not the address leads to it: one would lead past what is wrong, too.
        if let value = revealing.value, let name = name(value.key), let anchor = value.anchor {
            view["shown"] = ["name": name, "anchor": anchor]
        }
        view.merge(revealing.entered.view) { $1 }
        return view
    }

    private static func view(
        _ received: DocumentSheet.Received, _ views: ValueViews, _ path: String
    ) -> [String: Any] {
        var view: [String: Any] = [
            "format": received.format, "count": counted(received.count, "value"), "isCut": received.isCut,
            "hasOthers": received.others > 0, "others": counted(received.others, "part"),
            "groups": received.groups.map { ["heading": $0.heading, "rows": $0.values.map(views.view)] },
            "isPart": received.range.count < received.count,
            "range": "\((received.range.lowerBound + 1).grouped) to \(received.range.upperBound.grouped)",
        ]
        if received.range.lowerBound > 0 {
            view["before"] = "\(path)?from=\(max(0, received.range.lowerBound - DocumentSheet.length))#received"
        }
        if received.range.upperBound < received.count {
            view["after"] = "\(path)?from=\(received.range.upperBound)#received"
        }
        return view
    }
}

extension DocumentSheet {
    /// The name of a value on the page.
    fileprivate func name(_ key: String) -> String? {
        if case .shown(let received)? = received {
            for group in received.groups {
                if let value = group.values.first(where: { $0.key == key }) { return value.name }
            }
        }
        if case .shown(let understood)? = understood { return understood.values.first { $0.key == key }?.name }
        return nil
    }
}

/// How the values of one page are shown.
private struct ValueViews {
    let path: String
    let query: String
    /// Which value of the document the page begins with.
    let first: Int
    let revealed: RevealedValue?

    func view(_ value: HiddenValue) -> [String: Any] {
        let isRevealed = revealed?.key == value.key
        var view: [String: Any] = [
            "name": value.name, "key": value.key, "anchor": value.anchor, "isRevealed": isRevealed,
            "isHidden": value.code == nil && !isRevealed, "sort": value.sort.words,
            "revealPath": path + query, "notes": value.notes, "hasLinks": !value.links.isEmpty,
            "linkWords": value.part == .received ? "Understood as" : "From",
            "links": value.links.map { ["address": address($0), "words": $0.name] },
        ]
        if !isRevealed { view["code"] = value.code }
        if isRevealed, let revealed {
            view["text"] = revealed.shown
            view["isCut"] = revealed.isCut
        }
        return view
    }

    private func address(_ link: HiddenValue.Link) -> String {
        let anchor = "#\(link.part.letter)\(link.number)"
        guard link.part == .received else { return anchor }
        let start = link.number / DocumentSheet.length * DocumentSheet.length
        return start == first ? anchor : "\(path)\(start > 0 ? "?from=\(start)" : "")\(anchor)"
    }
}
