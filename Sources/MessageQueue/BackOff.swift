/// How long a message waits before its next attempt: exponential, capped, with full jitter.
///
/// Full jitter draws the wait evenly between nothing and the ceiling, so that messages that failed together do not come
/// back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
package struct BackOff: Hashable, Sendable {
    /// The ceiling of the wait after the first attempt; it doubles with each further one. Defaults to 1 s.
    package var base: Duration
    /// The highest ceiling. Defaults to 5 min.
    package var cap: Duration

    /// Waits of up to `base`, 2 × `base`, 4 × `base` … but never above `cap`.
    package init(base: Duration = .seconds(1), cap: Duration = .seconds(300)) {
        self.base = base
        self.cap = cap
    }

    /// The longest wait after this attempt, which counts from 1.
    package func ceiling(afterAttempt attempt: Int) -> Duration {
        // Above 2^40 any base of a millisecond or more has passed any cap that makes sense; the bound keeps the product
        // finite.
        min(cap, base * (1 << min(max(attempt, 1) - 1, 40)))
    }

    /// A wait drawn for this attempt.
    package func delay(afterAttempt attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        ceiling(afterAttempt: attempt) * Double.random(in: 0...1, using: &generator)
    }

    /// A wait drawn for this attempt with the system's generator.
    package func delay(afterAttempt attempt: Int) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return delay(afterAttempt: attempt, using: &generator)
    }
}
