package import Referral

extension Console {
    /// An item that is over by somebody's word, or by a permission.
    package struct WorkItemPage: Sendable {
        package var item: WorkList.Item
        package var advice: String
        /// Who said that it is dealt with, and when; nil while nobody did.
        package var done: (by: String, at: Instant)?
        /// How it comes to be over.
        package enum Way: Sendable {
            case word
            /// A parent's or guardian's.
            case permission
            /// On a page of its own.
            case elsewhere
        }
        package var way: Way

        package init(item: WorkList.Item, advice: String, done: (by: String, at: Instant)?, way: Way) {
            self.item = item
            self.advice = advice
            self.done = done
            self.way = way
        }
    }

    package static func itemPath(_ id: String) -> String { "\(Section.work.path)/items/\(id)" }

    /// What an item is about in ids, what to do about it, and the button that says it is done.
    ///
    /// - Parameter next: The path of what waits next; nil where nothing does.
    package func item(
        _ shown: WorkItemPage, next: String?, at now: Instant, entered: Entered = Entered(), _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        var values = Self.view(shown.item, at: now)
        values["heading"] = shown.item.title
        values["itemID"] = shown.item.id
        values["advice"] = shown.advice
        values["isOpen"] = shown.done == nil
        values["isForPermission"] = shown.done == nil && shown.way == .permission
        values["isForWord"] = shown.done == nil && shown.way == .word
        values["permission"] = entered.fields["permission"] ?? ""
        values["permissionIsWrong"] = entered.mistakes.contains { $0.field == "permission" }
        values["workPath"] = Self.workPath(kind: nil)
        values["path"] = Self.itemPath(shown.item.id)
        values["nextPath"] = next
        if let done = shown.done {
            values["doneBy"] = done.by
            values["doneAt"] = Moment(done.at, now: now).view
            values["isOverdue"] = false
            values["itemStyle"] = "calm"
        }
        values.merge(entered.view) { $1 }
        let title = (entered.mistakes.isEmpty ? "" : "Error: ") + shown.item.title
        return page("item", title, reader, in: .work, sections: sections, values)
    }
}
