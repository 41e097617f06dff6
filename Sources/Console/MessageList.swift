package import Referral

/// A page of a list of messages, and what stands around it.
package struct MessageList: Sendable {
    package struct Row: Sendable {
        package var receipt: String
        package var at: Instant
        package var sender: String
        package var channel: String
        package var format: String
        package var state: String
        /// Codes of what was found wrong.
        package var causes: [String]
        package var referrals: [String]
        package var hasMoreReferrals: Bool
        package var hasOpenWork: Bool

        package init(
            receipt: String, at: Instant, sender: String, channel: String, format: String, state: String,
            causes: [String],
            referrals: [String], hasMoreReferrals: Bool, hasOpenWork: Bool
        ) {
            self.receipt = receipt
            self.at = at
            self.sender = sender
            self.channel = channel
            self.format = format
            self.state = state
            self.causes = causes
            self.referrals = referrals
            self.hasMoreReferrals = hasMoreReferrals
            self.hasOpenWork = hasOpenWork
        }
    }

    /// A list that somebody keeps.
    package struct Saved: Sendable {
        package var id: String
        package var name: String
        package var query: String
        package var isShared: Bool
        /// Who shares it; nil for the reader's own.
        package var owner: String?

        package init(id: String, name: String, query: String, isShared: Bool, owner: String?) {
            self.id = id
            self.name = name
            self.query = query
            self.isShared = isShared
            self.owner = owner
        }
    }

    /// Where somebody may read on.
    package struct Edges: Sendable {
        /// Whether the newest of all are shown.
        package var isBeginning: Bool
        /// The receipt after which the newer ones come; nil at the beginning.
        package var newerThan: String?
        /// The receipt before which the older ones came; nil at the end.
        package var olderThan: String?
        /// Back to when was looked, where the page was not filled though there may be more.
        package var lookedBackTo: Instant?
        /// Whether looking for newer ones ended before the page was filled, though there may be more.
        package var isCutShort: Bool

        package init(
            isBeginning: Bool = true, newerThan: String? = nil, olderThan: String? = nil, lookedBackTo: Instant? = nil,
            isCutShort: Bool = false
        ) {
            self.isBeginning = isBeginning
            self.newerThan = newerThan
            self.olderThan = olderThan
            self.lookedBackTo = lookedBackTo
            self.isCutShort = isCutShort
        }
    }

    package var reading: MessageFilter.Reading
    package var choices: MessageFilter.Choices
    package var rows: [Row] = []
    package var edges = Edges()
    package var saved: [Saved] = []
    /// The name under which the list was to be saved, where that failed.
    package var typedName = ""
    /// So many are in a file that is downloaded, at most.
    package var mostInFile: Int
    package var maySearchPersons: Bool

    package init(
        reading: MessageFilter.Reading, choices: MessageFilter.Choices, mostInFile: Int, maySearchPersons: Bool
    ) {
        self.reading = reading
        self.choices = choices
        self.mostInFile = mostInFile
        self.maySearchPersons = maySearchPersons
    }
}
