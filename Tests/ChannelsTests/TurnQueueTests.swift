import Synchronization
import Testing

@testable import Channels

@Suite(.timeLimit(.minutes(1))) struct TurnQueueTests {
    private final class Order: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    @Test func `one at a time, in the order in which they came`() async {
        let queue = TurnQueue(most: 100)
        #expect(await queue.turn(within: .seconds(30)) == .admitted)
        let order = Order()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask { [number] in
                    let admission = await queue.turn(within: .seconds(30))
                    #expect(admission == .admitted)
                    order.numbers.withLock { $0.append(number) }
                    queue.done()
                }
                while queue.waiting <= number { await Task.yield() }
            }
            queue.done()
        }
        #expect(order.numbers.withLock { $0 } == Array(0..<10))
    }

    @Test func `who waits too long or is cancelled goes, and the rest move up`() async {
        let queue = TurnQueue(most: 2)
        #expect(await queue.turn(within: .seconds(30)) == .admitted)
        #expect(await queue.turn(within: .milliseconds(10)) == .tooLate)
        let cancelled = Task { await queue.turn(within: .seconds(30)) }
        while queue.waiting < 1 { await Task.yield() }
        let last = Task { await queue.turn(within: .seconds(30)) }
        while queue.waiting < 2 { await Task.yield() }
        #expect(await queue.turn(within: .seconds(30)) == .tooMany)
        cancelled.cancel()
        #expect(await cancelled.value == .cancelled)
        queue.done()
        #expect(await last.value == .admitted)
        queue.done()
        #expect(await queue.turn(within: .seconds(30)) == .admitted)
    }

    @Test func `who is cancelled before has no turn`() async {
        let queue = TurnQueue(most: 2)
        let waiting = Task {
            while !Task.isCancelled { await Task.yield() }
            return await queue.turn(within: .seconds(30))
        }
        waiting.cancel()
        #expect(await waiting.value == .cancelled)
        #expect(await queue.turn(within: .seconds(30)) == .admitted)
    }
}
