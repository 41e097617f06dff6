import Hummingbird
import Synchronization

/// A caller's right to make requests: so many at once, and then as many in a second as are filled in again. Pure.
struct TokenBucket: Sendable {
    /// How fast a bucket fills, and how much it holds.
    struct Rate: Sendable, Equatable {
        /// In which one token is filled in again.
        var interval: Duration
        var burst: Int

        init(perSecond: Int, burst: Int) {
            interval = .seconds(1) / perSecond
            self.burst = burst
        }

        /// As many at once as in an hour.
        init(perHour: Int) {
            interval = .seconds(3_600) / perHour
            burst = perHour
        }

        var perSecond: Int { Int((.seconds(1) / interval).rounded()) }
    }

    /// What one token is worth: the time in which it is filled in again.
    private let worth: Duration
    /// What all but one of a full bucket are worth.
    private let credit: Duration
    /// When the bucket is full again. Kept instead of the number of tokens, so that nothing is ever rounded.
    private var full: ContinuousClock.Instant

    /// A full bucket.
    init(_ rate: Rate, at now: ContinuousClock.Instant) {
        worth = rate.interval
        credit = worth * (rate.burst - 1)
        full = now
    }

    /// Takes one token; where there is none, says how long until there will be.
    mutating func take(at now: ContinuousClock.Instant) -> Duration? {
        let missing = max(.zero, now.duration(to: full))
        guard missing <= credit else { return missing - credit }
        full = now + missing + worth
        return nil
    }

    /// Whether the bucket is as good as a new one.
    func isFull(at now: ContinuousClock.Instant) -> Bool { full <= now }
}

/// Holds each partner and staff system to its rate of requests, so that one that runs wild leaves room for the others.
///
/// The limit is this process's own. All keys of a partner share it. It is looked at before the body is.
final class RequestLimit: RouterMiddleware {
    private let rate: TokenBucket.Rate
    private let metrics: Metrics
    private let now: @Sendable () -> ContinuousClock.Instant
    /// One for each partner that has called: no more than there are partners.
    private let buckets = Mutex<[String: TokenBucket]>([:])

    /// - Parameter now: passed in by tests only.
    init(
        _ rate: TokenBucket.Rate, metrics: Metrics,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.rate = rate
        self.metrics = metrics
        self.now = now
    }

    func handle(
        _ request: Request,
        context: ExchangeContext,
        next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        if let wait = admit(try context.caller().id) {
            metrics.count(.refusedRequests, Problem.tooManyRequests(after: wait).code)
            throw Problem.tooManyRequests(after: wait)
        }
        return try await next(request, context)
    }

    /// Nil when the caller may go on, else how long it must wait.
    func admit(_ caller: String) -> Duration? {
        let now = now()
        return buckets.withLock { [rate] in $0[caller, default: TokenBucket(rate, at: now)].take(at: now) }
    }
}
