import MessageQueue
import Testing

@testable import MessageQueue

struct ConsumerStateTests {
    let start = ContinuousClock.now

    func machine(
        concurrency: Int = 2, batch: Int = 4, lease: Duration = .seconds(30), attempts: Int = 12
    ) -> ConsumerState {
        ConsumerState(
            settings: .init(
                concurrency: concurrency, batch: batch, policy: QueuePolicy(maximumAttempts: attempts, lease: lease),
                pace: .milliseconds(2), poll: .seconds(1)), now: start)
    }

    /// A machine that has claimed these messages at the start.
    func machine(claimed: [Lease], concurrency: Int = 2, batch: Int = 4, attempts: Int = 12) throws -> ConsumerState {
        var state = machine(concurrency: concurrency, batch: batch, attempts: attempts)
        let exchange = try #require(state.next(now: start).exchange)
        state.answer(exchange, claimed: claimed, at: start)
        return state
    }

    @Test func `it begins by claiming a batch`() throws {
        var state = machine()
        let exchange = try #require(state.next(now: start).exchange)
        #expect(exchange.limit == 4)
        #expect(exchange.suspects)
        #expect(exchange.settlements.isEmpty)
        #expect(state.next(now: start).isWait)
    }

    @Test func `claimed messages start up to the concurrency, in order`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2), .stub(3)])
        #expect(state.next(now: start).started == 1)
        #expect(state.next(now: start).started == 2)
        #expect(state.next(now: start).isWait)
        state.finished(.stub(1), .done, now: start)
        #expect(state.next(now: start).started == 3)
    }

    @Test func `an outcome travels with the next claim, not before the pace allows`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2)])
        _ = (state.next(now: start), state.next(now: start))
        state.finished(.stub(1), .done, now: start)
        #expect(state.next(now: start).waitsUntil == start + .milliseconds(2))
        let exchange = try #require(state.next(now: start + .milliseconds(2)).exchange)
        #expect(exchange.settlements.map(\.verdict) == [.acknowledge])
        #expect(exchange.limit == 3)
    }

    @Test func `half a batch of outcomes goes at once`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2)])
        _ = (state.next(now: start), state.next(now: start))
        state.finished(.stub(1), .done, now: start)
        state.finished(.stub(2), .done, now: start)
        #expect(try #require(state.next(now: start).exchange).settlements.count == 2)
    }

    @Test func `what the handler acknowledged itself is not written again`() throws {
        var state = try machine(claimed: [.stub(1)])
        _ = state.next(now: start)
        state.finished(.stub(1), .acknowledged, now: start)
        #expect(state.next(now: start).isWait)
        #expect(state.inHand == 0)
    }

    @Test func `with an empty queue it waits for a wake or its poll`() throws {
        var state = try machine(claimed: [])
        #expect(state.next(now: start).waitsUntil == start + .seconds(1))
        state.woken()
        #expect(try #require(state.next(now: start + .milliseconds(10)).exchange).limit == 4)
        var polling = try machine(claimed: [])
        #expect(try #require(polling.next(now: start + .seconds(1)).exchange).limit == 4)
    }

    @Test func `a wake during a claim leads to another claim`() throws {
        var state = machine()
        let exchange = try #require(state.next(now: start).exchange)
        state.woken()
        state.answer(exchange, claimed: [], at: start)
        #expect(state.next(now: start + .milliseconds(2)).exchange != nil)
    }

    @Test func `a full claim leads to another as soon as half a batch has room`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2), .stub(3), .stub(4)])
        _ = (state.next(now: start), state.next(now: start))
        #expect(state.next(now: start).isWait)
        state.finished(.stub(1), .acknowledged, now: start)
        state.finished(.stub(2), .acknowledged, now: start)
        _ = (state.next(now: start), state.next(now: start))
        #expect(try #require(state.next(now: start).exchange).limit == 2)
    }

    @Test func `a claim that looked only above the floor is repeated when nothing came`() throws {
        var state = machine()
        let exchange = try #require(state.next(now: start).exchange)
        state.exchanged(
            exchange, claimed: [], lost: [], lookAgain: .milliseconds(100), sentAt: start, now: start)
        #expect(state.next(now: start).waitsUntil == start + .milliseconds(100))
    }

    @Test func `two messages of one key never run together`() throws {
        // A lease can be lost while its handler runs, and the message come again.
        var state = try machine(claimed: [.stub(1, key: "k"), .stub(1, key: "k", fence: 2), .stub(2, key: "other")])
        #expect(state.next(now: start).started == 1)
        #expect(state.next(now: start).started == 2)
        #expect(state.next(now: start).isWait)
        state.finished(.stub(1, key: "k"), .done, now: start)
        #expect(state.next(now: start).started == 1)
    }

    @Test func `a message whose lease may have run out is not started`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2), .stub(3)])
        _ = (state.next(now: start), state.next(now: start))
        state.finished(.stub(1), .acknowledged, now: start)
        #expect(state.next(now: start + .seconds(30)).started == nil)
        #expect(state.inHand == 1)
    }

    @Test func `leases are renewed after a third of their time, and last`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2), .stub(3)])
        _ = (state.next(now: start), state.next(now: start))
        let later = start + .seconds(10)
        let exchange = try #require(state.next(now: later).exchange)
        #expect(exchange.renewals.map(\.messageID.rawValue).sorted() == [1, 2, 3])
        state.answer(exchange, claimed: [], at: later)
        state.finished(.stub(1), .acknowledged, now: later)
        #expect(state.next(now: start + .seconds(39)).started == 3)
    }

    @Test func `a lease that a renewal found lost is not started`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2), .stub(3)])
        _ = (state.next(now: start), state.next(now: start))
        let later = start + .seconds(10)
        let exchange = try #require(state.next(now: later).exchange)
        state.exchanged(
            exchange, claimed: [], lost: [.stub(3)], lookAgain: nil, sentAt: later, now: later)
        state.finished(.stub(1), .acknowledged, now: later)
        #expect(state.next(now: later).started == nil)
    }

    @Test func `while a suspect is in hand no other is claimed`() throws {
        var state = try machine(claimed: [.stub(1, isSuspect: true)])
        _ = state.next(now: start)
        state.woken()
        let exchange = try #require(state.next(now: start + .milliseconds(2)).exchange)
        #expect(!exchange.suspects)
        state.answer(exchange, claimed: [], at: start)
        state.finished(.stub(1, isSuspect: true), .done, now: start)
        #expect(try #require(state.next(now: start + .seconds(1)).exchange).suspects)
    }

    @Test func `a retry makes the machine look again when it is due`() throws {
        var state = try machine(claimed: [.stub(1)], attempts: 3)
        _ = state.next(now: start)
        state.finished(.stub(1), .retry(Cause(code: "x"), after: .milliseconds(50)), now: start)
        let exchange = try #require(state.next(now: start + .milliseconds(2)).exchange)
        #expect(exchange.settlements.map(\.verdict) == [.retry(Cause(code: "x"), after: .milliseconds(50))])
        state.answer(exchange, claimed: [], at: start + .milliseconds(3))
        #expect(state.next(now: start + .milliseconds(3)).waitsUntil == start + .milliseconds(50))
        #expect(state.next(now: start + .milliseconds(50)).exchange != nil)
    }

    @Test func `a failed exchange is repeated with all it carried, after a wait`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2)])
        _ = (state.next(now: start), state.next(now: start))
        state.finished(.stub(1), .done, now: start)
        state.finished(.stub(2), .done, now: start)
        let exchange = try #require(state.next(now: start).exchange)
        state.exchangeFailed(exchange, retryAfter: { .seconds($0) }, now: start)
        #expect(state.next(now: start).waitsUntil == start + .seconds(1))
        let again = try #require(state.next(now: start + .seconds(1)).exchange)
        #expect(again.settlements.map(\.lease.messageID.rawValue) == [1, 2])
        state.exchangeFailed(again, retryAfter: { .seconds($0) }, now: start + .seconds(1))
        #expect(state.next(now: start + .seconds(1)).isWait)
        #expect(state.next(now: start + .seconds(3)).exchange != nil)
    }

    @Test func `stopping gives back what has not begun and waits for what has`() throws {
        var state = try machine(claimed: [.stub(1), .stub(2), .stub(3)])
        _ = (state.next(now: start), state.next(now: start))
        state.stop()
        let exchange = try #require(state.next(now: start).exchange)
        #expect(exchange.limit == 0)
        #expect(exchange.settlements.map(\.verdict) == [.release])
        #expect(exchange.settlements.map(\.lease.messageID.rawValue) == [3])
        state.answer(exchange, claimed: [], at: start)
        #expect(state.next(now: start).isWait)
        state.finished(.stub(1), .done, now: start)
        state.finished(.stub(2), .done, now: start)
        let last = try #require(state.next(now: start).exchange)
        #expect(last.settlements.count == 2)
        state.answer(last, claimed: [], at: start)
        #expect(state.next(now: start).isEnd)
    }

    @Test func `what a claim brings after the stop is given back`() throws {
        var state = machine()
        let exchange = try #require(state.next(now: start).exchange)
        state.stop()
        state.answer(exchange, claimed: [.stub(1)], at: start)
        #expect(try #require(state.next(now: start).exchange).settlements.map(\.verdict) == [.release])
    }

    @Test func `stopping ends though the database never answers`() throws {
        var state = try machine(claimed: [.stub(1)])
        _ = state.next(now: start)
        state.finished(.stub(1), .done, now: start)
        state.stop()
        var now = start
        var tries = 0
        while let exchange = state.next(now: now).exchange {
            tries += 1
            state.exchangeFailed(exchange, retryAfter: { _ in .seconds(1) }, now: now)
            now = now + .seconds(1)
        }
        #expect(tries == 3)
        #expect(state.next(now: now).isEnd)
    }
}

extension ConsumerState {
    /// Reports a successful exchange that was a survey and lost nothing.
    fileprivate mutating func answer(_ exchange: Exchange, claimed: [Lease], at now: Instant) {
        exchanged(exchange, claimed: claimed, lost: [], lookAgain: nil, sentAt: now, now: now)
    }
}

extension ConsumerState.Action {
    fileprivate var exchange: ConsumerState.Exchange? {
        if case .exchange(let exchange) = self { exchange } else { nil }
    }

    fileprivate var started: Int64? {
        if case .start(let lease) = self { lease.messageID.rawValue } else { nil }
    }

    fileprivate var waitsUntil: ContinuousClock.Instant? {
        if case .wait(let instant) = self { instant } else { nil }
    }

    fileprivate var isWait: Bool { waitsUntil != nil }

    fileprivate var isEnd: Bool {
        if case .end = self { true } else { false }
    }
}
