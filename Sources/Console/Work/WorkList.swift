package import Referral

/// What waits for a person and may be dealt with by one account, in ids, states and code words.
package struct WorkList: Sendable {
    /// Open items of one kind.
    package struct Kind: Sendable {
        /// The code word by which the list is filtered.
        package var id: String
        package var count: Int
        /// What so many of them are, after their number.
        package var words: String

        package init(id: String, count: Int, words: String) {
            self.id = id
            self.count = count
            self.words = words
        }
    }

    package struct Item: Sendable {
        package var id: String
        package var title: String
        package var urgency: FlowPicture.Need.Urgency
        package var since: Instant
        package var dueAt: Instant?
        package var partner: String?
        package var code: String
        /// What the code says, in a sentence; nil where the hub knows no more than the code.
        package var explanation: String?
        /// Where it is dealt with.
        package var path: String
        package var references: [Reference]

        package init(
            id: String, title: String, urgency: FlowPicture.Need.Urgency, since: Instant, dueAt: Instant?,
            partner: String?, code: String, explanation: String?, path: String, references: [Reference]
        ) {
            self.id = id
            self.title = title
            self.urgency = urgency
            self.since = since
            self.dueAt = dueAt
            self.partner = partner
            self.code = code
            self.explanation = explanation
            self.path = path
            self.references = references
        }
    }

    package var at: Instant
    /// The most urgent first.
    package var kinds: [Kind]
    /// The kind that alone is listed.
    package var chosen: String?
    /// Those due first, then the oldest.
    package var items: [Item]
    /// The last item of this page, where another page follows.
    package var last: String?
    /// Whether the account may deal with any kind at all.
    package var isForReader: Bool

    package init(
        at: Instant, kinds: [Kind], chosen: String?, items: [Item], last: String?, isForReader: Bool
    ) {
        self.at = at
        self.kinds = kinds
        self.chosen = chosen
        self.items = items
        self.last = last
        self.isForReader = isForReader
    }
}
