package import Referral

extension Console {
    /// Where the parts of ``messages(_:at:_:sections:)`` are.
    package enum MessagePath {
        package static let file = Section.messages.path + ".csv"
        package static let saved = Section.messages.path + "/saved"
        package static let persons = Section.people.path
    }

    /// The list of messages, the newest first: its filter, who keeps which list, and a page of it.
    package func messages(
        _ list: MessageList, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let mistakes = list.reading.mistakes
        let filter = list.reading.filter
        let typed = list.reading.typed
        func fault(_ field: String) -> String? { mistakes.first { $0.field == field }?.text }
        func selection(
            _ name: String, _ label: String, any: String, _ choices: [MessageFilter.Choices.Choice]
        ) -> [String: Any] {
            var view: [String: Any] = [
                "name": name, "label": label, "any": any,
                "choices": choices.map { choice -> [String: Any] in
                    ["value": choice.value, "label": choice.label, "isChosen": typed[name] == choice.value]
                },
            ]
            view["mistake"] = fault(name)
            return view
        }
        func day(_ name: String, _ label: String) -> [String: Any] {
            var view: [String: Any] = ["name": name, "label": label, "value": typed[name] ?? ""]
            view["mistake"] = fault(name)
            return view
        }
        var values: [String: Any] = [
            "heading": "Messages", "path": Section.messages.path, "savedPath": MessagePath.saved, "token": reader.token,
            "personsPath": list.maySearchPersons ? MessagePath.persons : false,
            "isMistaken": !mistakes.isEmpty,
            "mistakes": mistakes.map { ["field": $0.field, "text": $0.text] },
            "selections": [
                selection("sender", "From", any: "Anybody", list.choices.senders),
                selection("channel", "By", any: "Any channel", list.choices.channels),
                selection("state", "State", any: "Any state", list.choices.states),
                selection("cause", "What was found", any: "Anything or nothing", list.choices.causes),
            ],
            "days": [day("from", "First day"), day("to", "Last day")],
            "hasOpenWork": filter.hasOpenWork, "isFiltered": filter != MessageFilter(), "query": filter.query,
            "address": filter.address(Section.messages.path), "file": filter.address(MessagePath.file),
            "mostInFile": list.mostInFile.grouped, "typedName": list.typedName,
            "saved": list.saved.map(Self.view), "hasSaved": !list.saved.isEmpty,
            "rows": list.rows.map { Self.view($0, list.choices, at: now) }, "isEmpty": list.rows.isEmpty,
        ]
        values["workMistake"] = fault("work")
        values["nameMistake"] = fault("name")
        if !list.edges.isBeginning { values["newest"] = filter.address(Section.messages.path) }
        values["newer"] = list.edges.newerThan.map { filter.address(Section.messages.path, "newer=\($0)") }
        values["older"] = list.edges.olderThan.map { filter.address(Section.messages.path, "older=\($0)") }
        values["isCutShort"] = list.edges.isCutShort
        values["isFurther"] = !list.edges.isBeginning
        values["lookedBackTo"] = list.edges.lookedBackTo.map { Moment($0, now: now).view }
        let title = mistakes.isEmpty ? "Messages" : "Error: Messages"
        return page("messages", title, reader, in: .messages, sections: sections, values)
    }

    private static func view(_ saved: MessageList.Saved) -> [String: Any] {
        var view: [String: Any] = [
            "name": saved.name, "isShared": saved.isShared && saved.owner == nil,
            "address": saved.query.isEmpty ? Section.messages.path : "\(Section.messages.path)?\(saved.query)",
        ]
        if let owner = saved.owner {
            view["owner"] = owner
        } else {
            view["deletion"] = "\(MessagePath.saved)/\(saved.id)/deletion"
        }
        return view
    }

    private static func view(
        _ row: MessageList.Row, _ choices: MessageFilter.Choices, at now: Instant
    ) -> [String: Any] {
        let (sign, style) = MessageWords.sign(row.state)
        let shown = row.referrals.prefix(mostReferrals)
        return [
            "at": Moment(row.at, now: now).view, "receipt": row.receipt,
            "life": "\(Section.messages.path)/\(row.receipt)",
            "sender": choices.senders.first { $0.value == row.sender }?.label ?? row.sender,
            "channel": MessageWords.channel(row.channel), "format": MessageWords.format(row.format),
            "state": MessageWords.state(row.state), "sign": sign, "style": style,
            "causes": row.causes.map { ["words": MessageWords.cause($0)] }, "hasCauses": !row.causes.isEmpty,
            "referrals": shown.map { ["id": $0, "life": "\(Section.messages.path)/\($0)"] },
            "hasReferrals": !shown.isEmpty,
            "hasMore": row.hasMoreReferrals || row.referrals.count > shown.count, "hasOpenWork": row.hasOpenWork,
        ]
    }

    /// Of a file of many; the others stand in its life.
    private static let mostReferrals = 3
}
