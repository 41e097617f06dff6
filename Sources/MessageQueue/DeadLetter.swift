package import Postgres

/// A message that was set aside.
package struct DeadLetter: Sendable {
    /// The message.
    package let messageID: MessageID
    /// Where it was.
    package let queue: String
    /// As enqueued.
    package let key: String?
    /// As enqueued.
    package let correlation: UUIDValue?
    /// When it was enqueued.
    package let enqueuedAt: Timestamp
    /// When it was set aside.
    package let diedAt: Timestamp
    /// Attempts that it had.
    package let attempts: Int
    /// Leases on it that were lost in a row.
    package let lost: Int
    /// Why.
    package let cause: Cause
}

/// Dead letters of one queue with the same cause.
package struct DeadLetterGroup: Sendable, Equatable {
    /// Where they were.
    package let queue: String
    /// Equal for all of them; see ``Cause/fingerprint``.
    package let fingerprint: Int64
    /// The cause of the latest of them.
    package let cause: Cause
    /// How many.
    package let count: Int
    /// When the first was set aside.
    package let firstDied: Timestamp
    /// When the latest was set aside.
    package let lastDied: Timestamp
}

/// Where a dead letter stands among those of its group, the latest first.
package struct DeadLetterPlace: Sendable, Equatable {
    package let diedAt: Timestamp
    package let messageID: MessageID

    package init(diedAt: Timestamp, messageID: MessageID) {
        self.diedAt = diedAt
        self.messageID = messageID
    }

    /// Of this letter.
    package init(_ letter: DeadLetter) {
        self.init(diedAt: letter.diedAt, messageID: letter.messageID)
    }
}

/// Which dead letters are meant. Everything named must hold; the empty selection is all.
package struct DeadLetterSelection: Sendable {
    /// These messages.
    package var messages: [MessageID]?
    /// Those of this queue.
    package var queue: String?
    /// Those with this ``Cause/code``.
    package var causeCode: String?
    /// Those with this ``Cause/fingerprint``.
    package var fingerprint: Int64?
    /// Those that had been set aside by then.
    package var diedBy: Timestamp?
    /// At most so many, the oldest first. Defaults to 10,000.
    package var limit: Int

    /// A selection by whatever is given.
    package init(
        messages: [MessageID]? = nil, queue: String? = nil, causeCode: String? = nil, fingerprint: Int64? = nil,
        diedBy: Timestamp? = nil, limit: Int = 10_000
    ) {
        self.messages = messages
        self.queue = queue
        self.causeCode = causeCode
        self.fingerprint = fingerprint
        self.diedBy = diedBy
        self.limit = limit
    }

    /// A CTE `chosen` with the ids.
    var chosen: SQL {
        var condition: SQL = "true"
        if let messages { condition = "\(condition) AND id = ANY (\(messages.map(\.rawValue)))" }
        if let queue { condition = "\(condition) AND queue = (SELECT id FROM queue.queue WHERE name = \(queue))" }
        if let causeCode { condition = "\(condition) AND cause_code = \(causeCode)" }
        if let fingerprint { condition = "\(condition) AND fingerprint = \(fingerprint)" }
        if let diedBy { condition = "\(condition) AND died_at <= \(diedBy)" }
        return "chosen AS MATERIALIZED (SELECT id FROM queue.dead_letter WHERE \(condition) ORDER BY id LIMIT \(limit))"
    }
}
