package import Referral

/// The messages of one queue and cause, with what staff have noted of them and had tried again.
package struct CausePage: Sendable {
    /// One message that was set aside.
    package struct Letter: Sendable {
        package var id: String
        /// The share, extract or submission that it is about.
        package var about: String?
        package var diedAt: Instant
        package var attempts: Int

        package init(id: String, about: String?, diedAt: Instant, attempts: Int) {
            self.id = id
            self.about = about
            self.diedAt = diedAt
            self.attempts = attempts
        }
    }

    /// What staff have noted.
    package struct Note: Sendable {
        /// The most characters of it.
        package static let longest = 1_000

        package var text: String
        package var changedBy: String
        package var changedAt: Instant

        package init(text: String, changedBy: String, changedAt: Instant) {
            self.text = text
            self.changedBy = changedBy
            self.changedAt = changedAt
        }
    }

    package var queue: String
    package var queueName: String
    package var fingerprint: Int64
    /// Nil where none is set aside any more.
    package var group: CauseGroup?
    package var owner: String?
    package var note: Note?
    /// A part of them, the latest first.
    package var letters: [Letter]
    /// Whether these are the latest.
    package var isFirst: Bool
    /// The place from which the next part begins, as it stands in an address; nil where there is none.
    package var next: String?
    /// The latest first.
    package var replays: [ReplayProgress]

    package init(
        queue: String, queueName: String, fingerprint: Int64, group: CauseGroup?, owner: String?, note: Note?,
        letters: [Letter], isFirst: Bool, next: String?, replays: [ReplayProgress]
    ) {
        self.queue = queue
        self.queueName = queueName
        self.fingerprint = fingerprint
        self.group = group
        self.owner = owner
        self.note = note
        self.letters = letters
        self.isFirst = isFirst
        self.next = next
        self.replays = replays
    }

    /// Why they were set aside; known from what was had tried again, where none is left.
    var code: String? { group?.code ?? replays.first?.code }
}
