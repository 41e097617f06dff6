/// When a queue is left alone because whoever its messages go to does not answer, and how it comes back.
///
///                failures in a row, or too large a part of a window
///        closed ────────────────────────────────────────────────▶ open ◀─┐
///          ▲                                                        │     │ the probe fails: the pause doubles
///          │                                          pause is over ▼     │
///          └──────────────── the probe succeeds ──────────────── half-open┘
///
/// Open, nothing is claimed, so that an hour's outage costs no message its attempts. Half-open, one message of all nodes
/// goes as a probe. After a probe that succeeded, one more failure opens the circuit again.
package struct CircuitBreaker: Hashable, Sendable {
    /// So many failures in a row open it.
    package var failures: Int
    /// The part of a window's outcomes that are failures at which it opens too, when there are at least twenty; 0 does
    /// not look at it. Defaults to 0.5.
    package var ratio: Double
    /// How long a window is; it begins with a failure. Defaults to 1 min.
    package var window: Duration
    /// How long it stays open the first time. Defaults to 5 s.
    package var pause: Duration
    /// The pause doubles with each probe that fails, up to this. Defaults to 5 min.
    package var longestPause: Duration

    /// The defaults stated at each property.
    package init(
        failures: Int, ratio: Double = 0.5, window: Duration = .seconds(60), pause: Duration = .seconds(5),
        longestPause: Duration = .seconds(300)
    ) {
        self.failures = failures
        self.ratio = ratio
        self.window = window
        self.pause = pause
        self.longestPause = longestPause
    }

    /// Outcomes in a window below which its ratio says nothing.
    static let leastOutcomes = 20
}

/// Where a queue's circuit stands.
package enum Circuit: String, Sendable, CaseIterable {
    /// Messages go.
    case closed
    /// None goes before a time.
    case open
    /// One goes, and what comes of it decides.
    case halfOpen = "half_open"
}
