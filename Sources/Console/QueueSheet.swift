package import Referral

/// One queue at one moment: how it stands, how it goes, what holds for it, and whom it leads to.
package struct QueueSheet: Sendable {
    /// How it has gone of late.
    package struct Pace: Sendable {
        package struct Failure: Sendable {
            /// What became of the message then.
            package enum Fate: Sendable, Hashable {
                case triedAgain
                case setAside
                /// Whoever worked on it vanished.
                case lost

                var words: String {
                    switch self {
                    case .triedAgain: "it waits for another attempt"
                    case .setAside: "it was set aside"
                    case .lost: "whoever worked on it vanished, and it is tried again"
                    }
                }
            }

            package var at: Instant
            package var fate: Fate
            /// A code word.
            package var cause: String?

            package init(at: Instant, fate: Fate, cause: String?) {
                self.at = at
                self.fate = fate
                self.cause = cause
            }
        }

        package struct Times: Sendable, Hashable {
            package var median: Duration
            package var p95: Duration

            package init(median: Duration, p95: Duration) {
                self.median = median
                self.p95 = p95
            }

            var words: String { "half within \(median.measured), 95 of 100 within \(p95.measured)" }
        }

        package var lastSuccess: Instant?
        package var lastFailure: Failure?
        /// Messages acknowledged in a second of the last minutes; nil where none were.
        package var perSecond: Double?
        /// From when a message is enqueued, or due, until it is acknowledged; nil where none was.
        package var whole: Times?
        /// Of the attempts alone.
        package var attempt: Times?

        package init(
            lastSuccess: Instant?, lastFailure: Failure?, perSecond: Double?, whole: Times?, attempt: Times?
        ) {
            self.lastSuccess = lastSuccess
            self.lastFailure = lastFailure
            self.perSecond = perSecond
            self.whole = whole
            self.attempt = attempt
        }
    }

    /// A setting that holds, and who gave it.
    package struct Limit: Sendable {
        package enum Value: Sendable, Hashable {
            case none
            case time(Duration)
            case number(Double)
        }

        package enum Source: Sendable, Hashable {
            /// By command, over what is configured.
            case setByCommand
            case configuration
            case standard

            var words: String {
                switch self {
                case .setByCommand: "set by command"
                case .configuration: "the configuration or the adapter"
                case .standard: "the hub's standard"
                }
            }
        }

        package var name: String
        package var words: String
        package var value: Value
        package var source: Source

        package init(name: String, words: String, value: Value, source: Source) {
            self.name = name
            self.words = words
            self.value = value
            self.source = source
        }
    }

    /// Something that holds until a day.
    package struct End: Sendable {
        package var what: String
        /// Nil where it cannot be read.
        package var at: Instant?
        /// Whether somebody should see to it.
        package var isNear: Bool

        package init(_ what: String, at: Instant?, isNear: Bool) {
            self.what = what
            self.at = at
            self.isNear = isNear
        }
    }

    /// Whom the queue leads to.
    package struct Partner: Sendable {
        /// By which commands and the configuration name it.
        package var id: String
        package var adapter: String?
        /// Kinds of channel, in words.
        package var ways: [String]

        package init(id: String, adapter: String?, ways: [String]) {
            self.id = id
            self.adapter = adapter
            self.ways = ways
        }
    }

    package var at: Instant
    package var station: FlowPicture.Station
    package var pausedAt: Instant?
    /// Whether it is left alone when what goes there fails.
    package var hasBreaker: Bool
    /// When a breaker that is open lets a message through on trial.
    package var probedAt: Instant?
    package var pace: Pace
    package var limits: [Limit]
    package var partner: Partner?
    package var ends: [End]

    package init(
        at: Instant, station: FlowPicture.Station, pausedAt: Instant?, hasBreaker: Bool, probedAt: Instant?, pace: Pace,
        limits: [Limit], partner: Partner?, ends: [End]
    ) {
        self.at = at
        self.station = station
        self.pausedAt = pausedAt
        self.hasBreaker = hasBreaker
        self.probedAt = probedAt
        self.pace = pace
        self.limits = limits
        self.partner = partner
        self.ends = ends
    }
}

extension QueueSheet {
    /// When nothing waits any more, if it goes on as it goes and nothing comes.
    enum Emptying: Equatable {
        case isEmpty
        /// Nothing is taken from it.
        case halted
        /// Nothing moved of late.
        case unknown
        case after(Duration)
    }

    var emptying: Emptying {
        let waiting = station.ready + station.inHand
        if waiting == 0 { return .isEmpty }
        if station.pause != nil || station.circuit == .open { return .halted }
        guard let perSecond = pace.perSecond, perSecond > 0 else { return .unknown }
        return .after(.seconds(max(1, Double(waiting) / perSecond)))
    }

    /// How many go in a time, in the unit that fits.
    var rate: String? {
        guard let perSecond = pace.perSecond else { return nil }
        let perMinute = perSecond * 60
        if perSecond >= 2 { return "\(Int(perSecond.rounded()).grouped) a second" }
        if perMinute >= 1 { return "\(Int(perMinute.rounded()).grouped) a minute" }
        return "\(max(1, Int((perMinute * 60).rounded()))) an hour"
    }
}

/// What came of trying the way to a partner.
package enum RouteTrial: Sendable {
    package struct Step: Sendable {
        package var way: String
        package var what: String
        package var isPassed: Bool
        package var seen: String

        package init(way: String, what: String, isPassed: Bool, seen: String) {
            self.way = way
            self.what = what
            self.isPassed = isPassed
            self.seen = seen
        }
    }

    case tried([Step])
    /// It did not come to an end in this time.
    case tooLong(Duration)
    /// Somebody else tries it at this moment.
    case underWay
}
