import Referral

extension Console {
    /// Where items of a kind are listed.
    package static func workPath(kind: String?, after last: String? = nil) -> String {
        let query = [("kind", kind), ("after", last)].compactMap { name, value in value.map { "\(name)=\($0)" } }
        return Section.work.path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// What waits for a person, the most urgent first.
    package func work(_ list: WorkList, _ reader: Reader, sections: Set<Section>) -> String {
        let count = list.kinds.map(\.count).reduce(0, +)
        let headline =
            !list.isForReader
            ? list.chosen == nil ? "Your account deals with no work items" : "Your account does not deal with these"
            : count == 0 ? "Nothing waits for you" : "\(count.grouped) \(count == 1 ? "item waits" : "items wait")"
        var values: [String: Any] = [
            "heading": "Work for people", "headline": headline, "at": Moment(list.at, now: list.at).view,
            "isForReader": list.isForReader, "hasKinds": !list.kinds.isEmpty, "allPath": Self.workPath(kind: nil),
            "isAll": list.chosen == nil,
            "kinds": list.kinds.map { kind -> [String: Any] in
                [
                    "kindPath": Self.workPath(kind: kind.id), "kindCount": kind.count.grouped, "kindWords": kind.words,
                    "isChosen": kind.id == list.chosen,
                ]
            },
            "items": list.items.map { Self.view($0, at: list.at) }, "hasItems": !list.items.isEmpty,
            "isNothingLeft": list.items.isEmpty && list.isForReader,
        ]
        values["nextPath"] = list.last.map { Self.workPath(kind: list.chosen, after: $0) }
        return page("work", headline, reader, in: .work, sections: sections, values)
    }

    /// An item as the list and its own page show it.
    static func view(_ item: WorkList.Item, at now: Instant) -> [String: Any] {
        let isOverdue = item.dueAt.map { $0 < now } ?? false
        var view: [String: Any] = [
            "title": item.title, "itemPath": item.path, "urgency": item.urgency.words,
            "itemStyle": isOverdue ? "bad" : item.urgency.style, "since": Moment(item.since, now: now).view,
            "code": item.code, "references": item.references.map(\.view), "isOverdue": isOverdue,
            "isDue": item.dueAt != nil,
        ]
        view["due"] = item.dueAt.map { Moment($0, now: now).view }
        view["partner"] = item.partner
        view["explanation"] = item.explanation
        return view
    }
}
