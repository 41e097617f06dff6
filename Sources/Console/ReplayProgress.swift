package import Referral

/// How far somebody's wish has come that dead letters be tried again.
package struct ReplayProgress: Sendable {
    package enum State: Sendable {
        /// Nothing is done before ``beginsAt``.
        case waiting
        case running
        case done
        case cancelled
        case failed
    }

    package var id: String
    package var queue: String
    package var queueName: String
    package var fingerprint: Int64
    package var code: String
    /// Whether it is of all of a group, and not of one message.
    package var isOfWholeGroup: Bool
    package var state: State
    package var askedAt: Instant
    package var beginsAt: Instant
    package var endedAt: Instant?
    package var askedBy: String
    package var cancelledBy: String?
    package var wanted: Int
    package var replayed: Int

    package init(
        id: String, queue: String, queueName: String, fingerprint: Int64, code: String, isOfWholeGroup: Bool,
        state: State, askedAt: Instant, beginsAt: Instant, endedAt: Instant?, askedBy: String, cancelledBy: String?,
        wanted: Int, replayed: Int
    ) {
        self.id = id
        self.queue = queue
        self.queueName = queueName
        self.fingerprint = fingerprint
        self.code = code
        self.isOfWholeGroup = isOfWholeGroup
        self.state = state
        self.askedAt = askedAt
        self.beginsAt = beginsAt
        self.endedAt = endedAt
        self.askedBy = askedBy
        self.cancelledBy = cancelledBy
        self.wanted = wanted
        self.replayed = replayed
    }

    /// Where its page is.
    package static func path(_ id: String) -> String { "\(Console.Section.deadLetters.path)/replays/\(id)" }

    /// After so many seconds its page is to be loaded again; nil where nothing changes any more.
    ///
    /// While it waits there is nothing to see, and whoever makes for the button is not to lose their place.
    package func refresh(at now: Instant) -> Int? {
        switch state {
        case .waiting: max(2, seconds(until: beginsAt, from: now) + 1)
        case .running: 2
        case .done, .cancelled, .failed: nil
        }
    }

    private func seconds(until time: Instant, from now: Instant) -> Int {
        Int((time.microseconds - now.microseconds + 999_999) / 1_000_000)
    }

    /// Where it stands, in a sentence or two.
    func words(at now: Instant) -> String {
        let whole = wanted == 1 ? "the message" : "the \(wanted.grouped) messages"
        switch state {
        case .waiting:
            let left = seconds(until: beginsAt, from: now)
            if left < -20 {
                return "It should have begun by now, and no process of the hub has taken it up. "
                    + "One with the part housekeeping must run. Nothing has been done yet."
            }
            if left <= 0 { return "It begins now." }
            return "It begins in \(left) \(left == 1 ? "second" : "seconds"). Nothing has been done yet."
        case .running: return "\(replayed.grouped) of \(wanted.grouped) are back in their queue."
        case .done where replayed >= wanted:
            return wanted == 1 ? "The message is back in its queue." : "All \(wanted.grouped) are back in their queue."
        case .done:
            return "\(replayed.grouped) of \(wanted.grouped) are back in their queue. "
                + "The others had been brought back or ended before."
        case .cancelled where replayed == 0:
            return "Undone by \(cancelledBy ?? ""). Nothing was brought back: \(whole) \(wanted == 1 ? "is" : "are") "
                + "set aside as before."
        case .cancelled:
            return "Stopped by \(cancelledBy ?? ""). \(replayed.grouped) of \(wanted.grouped) are back in their queue; "
                + "the others are set aside as before."
        case .failed:
            return
                "It was given up, because it failed again and again. \(replayed.grouped) of \(wanted.grouped) are back "
                + "in their queue; nothing is lost, and the others are set aside as before. The hub's log says why."
        }
    }
}
