package import Referral

/// The hub at one moment: who sends, what waits, who is told, and what needs a person.
package struct FlowPicture: Sendable {
    /// How something stands, the worst first.
    package enum State: Sendable, Hashable {
        /// What goes there fails, so nothing is sent for a while.
        case circuitOpen
        /// Somebody stopped it.
        case paused
        /// Messages were set aside.
        case failing
        /// Of late more attempts failed than succeeded.
        case retrying
        /// Something waits longer than it should.
        case slow
        case ok

        package var words: String {
            switch self {
            case .circuitOpen: "Not answering"
            case .failing: "Has dead letters"
            case .paused: "Paused"
            case .retrying: "Attempts fail"
            case .slow: "Slow"
            case .ok: "OK"
            }
        }
        /// Beside the words, for whoever sees the picture: never the colour alone.
        var sign: String {
            switch self {
            case .circuitOpen: "✕"
            case .failing: "!"
            case .paused: "‖"
            case .retrying: "↻"
            case .slow: "◔"
            case .ok: "✓"
            }
        }
        var style: String {
            switch self {
            case .circuitOpen, .failing: "bad"
            case .paused, .retrying, .slow: "odd"
            case .ok: "good"
            }
        }
    }

    /// A partner that refers people.
    package struct Sender: Sendable {
        package var name: String
        /// Submissions of the last hour.
        package var lastHour: Int
        /// In which minute the last of them came.
        package var lastAt: Instant?
        /// Submissions in a minute, lately.
        package var perMinute: Double

        package init(name: String, lastHour: Int, lastAt: Instant?, perMinute: Double = 0) {
            self.name = name
            self.lastHour = lastHour
            self.lastAt = lastAt
            self.perMinute = perMinute
        }
    }

    /// A queue: where messages wait to be worked on here, or to go to a partner.
    package struct Station: Sendable {
        /// The queue's own name, as commands have it.
        package var queue: String
        /// The same in words.
        package var name: String
        /// Messages that can be worked on now.
        package var ready: Int
        /// Messages that wait for a time: their sender's, or that of their next attempt.
        package var delayed: Int
        package var inHand: Int
        package var dead: Int
        /// For how long the oldest has been ready.
        package var oldest: Duration?
        package var circuit: Circuit
        /// Why it is paused; nil where it is not.
        package var pause: Pause?
        /// Messages that were dealt with in a minute, lately.
        package var perMinute: Double
        /// Attempts of which another follows in a minute, lately.
        package var failedPerMinute: Double

        package enum Circuit: Sendable, Hashable {
            case closed
            case probing
            case open
        }

        package struct Pause: Sendable, Hashable {
            package var reason: String
            /// When it ends by itself.
            package var until: Instant?

            package init(reason: String, until: Instant?) {
                self.reason = reason
                self.until = until
            }
        }

        package init(
            queue: String, name: String, ready: Int, delayed: Int, inHand: Int, dead: Int, oldest: Duration?,
            circuit: Circuit, pause: Pause?, perMinute: Double = 0, failedPerMinute: Double = 0
        ) {
            self.queue = queue
            self.name = name
            self.ready = ready
            self.delayed = delayed
            self.inHand = inHand
            self.dead = dead
            self.oldest = oldest
            self.circuit = circuit
            self.pause = pause
            self.perMinute = perMinute
            self.failedPerMinute = failedPerMinute
        }

        /// From how old the oldest ready message on a queue is slow.
        package static let slowAfter: Duration = .seconds(60)

        package var state: State {
            if circuit != .closed { return .circuitOpen }
            if pause != nil { return .paused }
            if dead > 0 { return .failing }
            if failedPerMinute > perMinute { return .retrying }
            return oldest.map { $0 > Self.slowAfter } ?? false ? .slow : .ok
        }
    }

    /// Something that waits for a person.
    package struct Need: Sendable {
        package enum Urgency: Int, Sendable, Comparable {
            /// Somebody may be in danger, or the person's trust is.
            case now
            /// Something stands still.
            case today
            /// Work of every day.
            case soon

            package static func < (one: Urgency, other: Urgency) -> Bool { one.rawValue < other.rawValue }

            package var words: String {
                switch self {
                case .now: "Now"
                case .today: "Today"
                case .soon: "When there is time"
                }
            }
            var style: String {
                switch self {
                case .now: "bad"
                case .today: "odd"
                case .soon: "calm"
                }
            }
        }

        package var urgency: Urgency
        package var text: String
        package var count: Int
        /// Since when the oldest of them waits.
        package var since: Instant?
        /// The page that lists them; nil where none does.
        package var path: String?

        package init(_ urgency: Urgency, _ text: String, count: Int, since: Instant?, path: String? = nil) {
            self.path = path
            self.urgency = urgency
            self.text = text
            self.count = count
            self.since = since
        }
    }

    package var at: Instant
    package var senders: [Sender]
    package var stages: [Station]
    package var partners: [Station]
    package var needs: [Need]
    package var traffic: Traffic

    package init(
        at: Instant, senders: [Sender], stages: [Station], partners: [Station], needs: [Need], traffic: Traffic
    ) {
        self.at = at
        self.senders = senders
        self.stages = stages
        self.partners = partners
        self.needs = needs
        self.traffic = traffic
    }
}

extension FlowPicture {
    /// What needs a person, the most urgent first, and of those what has waited longest.
    package var urgentNeeds: [Need] {
        needs.filter { $0.count > 0 }.sorted { ($0.urgency, $0.since ?? at) < ($1.urgency, $1.since ?? at) }
    }

    /// What somebody who reads nothing else must know.
    package var headline: String {
        let now = needs.filter { $0.urgency == .now }.map(\.count).reduce(0, +)
        if now > 0 { return "\(now.grouped) \(now == 1 ? "thing needs" : "things need") somebody now" }
        let halted = (stages + partners).filter { $0.state != .ok }
        if halted.count == 1 { return "\(halted[0].name): \(halted[0].state.words.lowercased())" }
        if halted.count > 1 { return "\(halted.count.grouped) queues do not flow" }
        return "Everything flows"
    }
}
