import HTTPTypes
import Testing

@testable import Hub

@Suite struct RequestLimitTests {
    private let start = ContinuousClock.now

    @Test func `a full bucket gives its burst, then says when there is more`() {
        var bucket = TokenBucket(.init(perSecond: 2, burst: 3), at: start)
        for _ in 0..<3 { #expect(bucket.take(at: start) == nil) }
        #expect(bucket.take(at: start) == .milliseconds(500))
        #expect(bucket.take(at: start + .milliseconds(400)) == .milliseconds(100))
        #expect(bucket.take(at: start + .milliseconds(500)) == nil)
        #expect(bucket.take(at: start + .milliseconds(500)) == .milliseconds(500))
    }

    @Test func `a bucket never holds more than its burst`() {
        var bucket = TokenBucket(.init(perSecond: 1000, burst: 2), at: start)
        let later = start + .seconds(3600)
        #expect(bucket.take(at: later) == nil && bucket.take(at: later) == nil)
        #expect(bucket.take(at: later) == .milliseconds(1))
    }

    @Test func `one caller's requests leave another's alone`() {
        let start = start
        let limit = RequestLimit(.init(perSecond: 1, burst: 2), metrics: Metrics(), now: { start })
        #expect(limit.admit("uhdb") == nil && limit.admit("uhdb") == nil)
        #expect(limit.admit("uhdb") == .seconds(1))
        #expect(limit.admit("derbys_police") == nil)
    }

    @Test(arguments: [
        (Duration.milliseconds(1), 1), (.milliseconds(1000), 1), (.milliseconds(1001), 2), (.seconds(90), 90),
    ])
    func `the answer names whole seconds, enough of them`(wait: Duration, seconds: Int) {
        let problem = Problem.tooManyRequests(after: wait)
        #expect(problem.status.code == 429 && problem.retryAfter == seconds)
    }
}
