package import Referral

/// A draft of a mapping that somebody tries on the documents of a group.
package struct DraftPage: Sendable {
    /// What the draft changes in one field.
    package struct Change: Sendable, Hashable {
        /// In what is made of a document, such as `referral.person.dob`.
        package var path: String
        /// In so many of the documents.
        package var documents: Int
        /// What it is today, and what it becomes, without saying what stands there.
        package var before: String
        package var after: String

        package init(path: String, documents: Int, before: String, after: String) {
            self.path = path
            self.documents = documents
            self.before = before
            self.after = after
        }
    }

    /// What came of trying it.
    package enum Result: Sendable {
        /// It cannot be used: a line for each mistake in it.
        case mistakes([String])
        /// It was tried on so many documents, of which so many give something else.
        case tried(documents: Int, changed: Int, [Change])
    }

    package var queue: String
    package var fingerprint: Int64
    package var code: String
    /// The files of which a draft can be tried, as `uhdb/referral.map.yaml`.
    package var files: [String]
    /// The one that is chosen.
    package var file: String?
    /// Its draft; at first the file as it is.
    package var text: String
    package var result: Result?

    package init(
        queue: String, fingerprint: Int64, code: String, files: [String], file: String? = nil, text: String = "",
        result: Result? = nil
    ) {
        self.queue = queue
        self.fingerprint = fingerprint
        self.code = code
        self.files = files
        self.file = file
        self.text = text
        self.result = result
    }

    package static func path(_ queue: String, _ fingerprint: Int64) -> String {
        CauseGroup.path(queue, fingerprint) + "/draft"
    }
}

extension Value {
    /// What sort of value it is, for those who need not see it.
    package var masked: String {
        switch self {
        case .null: "nothing"
        case .bool: "yes or no"
        case .number: "a number"
        case .string(let text): "a text of \(text.count) characters"
        case .array(let values): "a list of \(values.count)"
        case .object: "an entry"
        }
    }
}

extension Console {
    /// Where somebody tries a draft of a mapping on a group's documents.
    package func draft(_ draft: DraftPage, _ reader: Reader, sections: Set<Section>) -> String {
        var values: [String: Any] = [
            "heading": "Try a draft of the mapping", "groupPath": CauseGroup.path(draft.queue, draft.fingerprint),
            "draftPath": DraftPage.path(draft.queue, draft.fingerprint), "cause": CauseWords.words(draft.code),
            "files": draft.files.map { ["name": $0, "isChosen": $0 == draft.file] as [String: Any] },
            "hasNoFile": draft.files.isEmpty, "draftText": draft.text,
        ]
        values["file"] = draft.file
        var title = "Try a draft of the mapping"
        switch draft.result {
        case .mistakes(let lines):
            title = "Error: \(title)"
            values["mistakes"] = lines.map { ["mistake": $0] }
        case .tried(let documents, let changed, let changes):
            values["tried"] = [
                "summary": Self.summary(documents, changed), "hasChanges": !changes.isEmpty,
                "changes": changes.map {
                    ["field": $0.path, "count": $0.documents.grouped, "before": $0.before, "after": $0.after]
                },
            ]
        case nil: break
        }
        return page("draft", title, reader, in: .deadLetters, sections: sections, values)
    }

    private static func summary(_ documents: Int, _ changed: Int) -> String {
        switch (documents, changed) {
        case (0, _): "There is no document of this group that the mapping reads."
        case (_, 0): "The draft changes nothing in the \(counted(documents, "document")) that it was tried on."
        default: "The draft changes \(changed.grouped) of the \(counted(documents, "document")) that it was tried on."
        }
    }
}
