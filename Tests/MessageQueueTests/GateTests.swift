import Postgres
import Testing

@testable import MessageQueue

struct GateTests {
    private static let start = Timestamp(seconds: 1_800_000_000)
    private static let lease = Duration.seconds(30)

    /// A gate, its policy and a clock that stands still until it is moved.
    private struct Bench {
        var gate: Gate
        var policy: QueuePolicy
        var now = GateTests.start

        init(_ policy: QueuePolicy) {
            self.policy = policy
            gate = Gate(policy, now: GateTests.start)
        }

        mutating func claim(
            _ wanted: Int, by holder: Int64? = 1, inHand: Int = 0, isProbing: Bool = false, finds: Int = .max
        ) -> Gate.Admission {
            let claimant = Gate.Claimant(holder: holder, inHand: inHand, isProbing: isProbing)
            let admission = gate.admit(wanted, to: claimant, policy: policy, lease: GateTests.lease, now: now)
            gate.claimed(
                min(admission.limit, finds), by: claimant, admission: admission, policy: policy,
                lease: GateTests.lease, now: now)
            return admission
        }

        mutating func record(succeeded: Int = 0, failed: Int = 0, neutral: Int = 0, by holder: Int64? = 1) {
            let tally = Tally(succeeded: succeeded, failed: failed, failedInARow: failed, neutral: neutral)
            gate.record(tally, of: Gate.Claimant(holder: holder), policy: policy, now: now)
        }
    }

    // MARK: Rate

    @Test func `a bucket gives its burst at once and then fills evenly`() {
        var bench = Bench(QueuePolicy(rate: MessageRate(perSecond: 10, burst: 3)))
        #expect(bench.claim(2) == .init(limit: 2))
        #expect(bench.claim(9) == .init(limit: 1, lookAgain: .microseconds(100_001)))
        #expect(bench.claim(9) == .init(limit: 0, lookAgain: .microseconds(100_001)))
        bench.now = bench.now + .milliseconds(250)
        #expect(bench.claim(9).limit == 2)
        bench.now = bench.now + .seconds(3_600)
        #expect(bench.claim(9).limit == 3)
    }

    @Test func `an hour of polling loses no token to rounding`() {
        var bench = Bench(QueuePolicy(rate: MessageRate(perSecond: 7, burst: 1)))
        var gone = bench.claim(1).limit
        while bench.now < Self.start + .seconds(3_600) {
            let admission = bench.claim(1)
            gone += admission.limit
            if let wait = admission.lookAgain { bench.now = bench.now + wait }
            if admission.limit > 0 { bench.now = bench.now + .microseconds(1) }
        }
        #expect((25_190...25_201).contains(gone))
    }

    @Test func `a clock that steps back takes no tokens away`() {
        var bench = Bench(QueuePolicy(rate: MessageRate(perSecond: 1, burst: 2)))
        bench.now = bench.now - .seconds(60)
        #expect(bench.claim(2).limit == 2)
    }

    // MARK: Concurrency

    @Test func `a limit on concurrency counts what all consumers have in hand`() {
        var bench = Bench(QueuePolicy(concurrency: 5))
        #expect(bench.claim(4, by: 1).limit == 4)
        #expect(bench.claim(4, by: 2) == .init(limit: 1, lookAgain: .milliseconds(50)))
        // What is its own it knows best, and will report when it changes.
        #expect(bench.claim(4, by: 1, inHand: 4).limit == 0)
        #expect(bench.claim(9, by: 1, inHand: 1) == .init(limit: 3, lookAgain: .milliseconds(50)))
    }

    @Test func `what a vanished consumer had in hand counts until its leases have run out`() {
        var bench = Bench(QueuePolicy(concurrency: 3))
        #expect(bench.claim(3, by: 1).limit == 3)
        bench.now = bench.now + .seconds(29)
        #expect(bench.claim(3, by: 2).limit == 0)
        bench.now = bench.now + .seconds(1)
        #expect(bench.claim(3, by: 2).limit == 3)
    }

    @Test func `a consumer that has nothing left leaves no trace`() {
        var bench = Bench(QueuePolicy(concurrency: 3))
        _ = bench.claim(3)
        _ = bench.claim(0)
        #expect(bench.gate.holdings.isEmpty)
    }

    // MARK: Circuit

    private static let breaking = QueuePolicy(
        breaker: CircuitBreaker(failures: 3, ratio: 0.5, pause: .seconds(5), longestPause: .seconds(15)))

    @Test func `failures in a row open the circuit, and a success between them does not let it come to that`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 2)
        bench.record(succeeded: 1)
        bench.record(failed: 2)
        #expect(bench.gate.circuit == .closed)
        #expect(bench.claim(9).limit == 9)
        bench.record(failed: 1)
        #expect(bench.gate.circuit == .open)
        #expect(bench.claim(9) == .init(limit: 0, lookAgain: .seconds(1)))
    }

    @Test func `half of a window's outcomes failing opens it too, once there are enough`() {
        var bench = Bench(Self.breaking)
        for _ in 0..<9 {
            bench.record(failed: 1)
            bench.record(succeeded: 1)
        }
        #expect(bench.gate.circuit == .closed)
        bench.record(succeeded: 1)
        bench.record(failed: 1)
        #expect(bench.gate.circuit == .open)
    }

    @Test func `failures of another window are forgotten`() {
        var bench = Bench(Self.breaking)
        for _ in 0..<100 {
            bench.record(failed: 1)
            bench.record(succeeded: 1)
            bench.now = bench.now + .seconds(7)
        }
        #expect(bench.gate.circuit == .closed)
    }

    @Test func `one probe goes at a time, and its failure doubles the pause up to the longest`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 3)
        for pause in [5, 10, 15, 15] {
            bench.now = bench.now + .milliseconds(pause * 1_000 - 1)
            #expect(bench.claim(9).limit == 0)
            bench.now = bench.now + .milliseconds(1)
            #expect(bench.claim(9, by: 1) == .init(limit: 1, isProbe: true))
            #expect(bench.claim(9, by: 2).limit == 0)
            #expect(bench.claim(9, by: 1, inHand: 1, isProbing: true).limit == 0)
            bench.record(failed: 1)
            #expect(bench.gate.circuit == .open)
        }
    }

    @Test func `a probe that succeeds closes it, and one more failure opens it again for longer`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 3)
        bench.now = bench.now + .seconds(5)
        #expect(bench.claim(9).isProbe)
        bench.record(succeeded: 1)
        #expect(bench.gate.circuit == .closed)
        bench.record(failed: 1)
        #expect(bench.gate.circuit == .open)
        bench.now = bench.now + .seconds(5)
        #expect(bench.claim(9).limit == 0)
        bench.now = bench.now + .seconds(5)
        #expect(bench.claim(9).isProbe)
        bench.record(succeeded: 1)
        bench.record(succeeded: 1)
        bench.record(failed: 2)
        #expect(bench.gate.circuit == .closed)
    }

    @Test func `a probe whose holder vanished is given to another in time`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 3)
        bench.now = bench.now + .seconds(5)
        #expect(bench.claim(1, by: 1).isProbe)
        bench.now = bench.now + Self.lease
        #expect(bench.claim(1, by: 2).isProbe)
        // The first comes back late with a failure: the second's probe goes on.
        bench.record(failed: 1, by: 1)
        #expect(bench.gate.circuit == .halfOpen)
    }

    @Test func `a probe that says nothing about the partner is followed by another`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 3)
        bench.now = bench.now + .seconds(5)
        #expect(bench.claim(1).isProbe)
        bench.record(neutral: 1)
        #expect(bench.claim(1).isProbe)
    }

    @Test func `an empty queue has nothing to probe with, and probes with what comes next`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 3)
        bench.now = bench.now + .seconds(5)
        _ = bench.claim(1, finds: 0)
        #expect(bench.gate.circuit == .open)
        #expect(bench.claim(1, by: 2).isProbe)
    }

    @Test func `what was in hand when the circuit opened does not open it further`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 3)
        bench.record(failed: 40)
        bench.now = bench.now + .seconds(5)
        #expect(bench.claim(1).isProbe)
    }

    @Test func `taking the breaker away closes the circuit`() {
        var bench = Bench(Self.breaking)
        bench.record(failed: 3)
        bench.policy.breaker = nil
        bench.record()
        #expect(bench.claim(9).limit == 9)
    }
}
