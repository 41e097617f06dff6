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

    @Test func `one network's forms leave another's alone`() {
        let limit = AddressLimit(.init(perHour: 2))
        let start = start
        #expect(limit.admit("192.0.2.1", at: start) == nil && limit.admit("192.0.2.1", at: start) == nil)
        #expect(limit.admit("192.0.2.1", at: start) == .seconds(1800))
        #expect(limit.admit("192.0.2.2", at: start) == nil)
        #expect(limit.admit("192.0.2.1", at: start + .seconds(1800)) == nil)
    }

    @Test(arguments: [
        ("2001:db8::1", "20010db800000000"), ("2001:db8:0:0:ffff::", "20010db800000000"),
        ("2001:db8:0:1::1", "20010db800000001"), ("192.0.2.1", "192.0.2.1"), ("", ""), ("anything", "anything"),
    ])
    func `a household has one IPv6 network`(address: String, network: String) {
        #expect(AddressLimit.network(address) == network)
    }

    @Test func `addresses without end take no memory without end`() {
        let limit = AddressLimit(.init(perHour: 1))
        let start = start
        for number in 0..<25_000 { #expect(limit.admit("a\(number)", at: start) == nil) }
        #expect(limit.remembered <= 10_000)
    }
}
