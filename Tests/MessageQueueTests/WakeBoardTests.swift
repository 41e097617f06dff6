import Synchronization
import TestSupport
import Testing

@testable import MessageQueue

struct WakeBoardTests {
    final class Count: Sendable {
        private let value = Mutex(0)
        var number: Int { value.withLock { $0 } }
        func raise() { value.withLock { $0 += 1 } }
    }

    @Test func `a wake reaches the queue's listeners and no others`() {
        let board = WakeBoard()
        let (first, second, other) = (Count(), Count(), Count())
        board.join("intake", first, first.raise)
        board.join("intake", second, second.raise)
        board.join("out", other, other.raise)
        board.wake("intake")
        #expect([first.number, second.number, other.number] == [1, 1, 0])
        board.leave("intake", first)
        board.wakeHere("intake")
        board.wakeHere(nil)
        #expect([first.number, second.number, other.number] == [1, 3, 1])
    }

    @Test func `the waker is woken once for each queue until it has taken note`() {
        let board = WakeBoard()
        board.wake("lost, because nobody would tell it")
        let waker = Count()
        board.setWaker(waker.raise)
        board.wake("a")
        board.wake("a")
        board.wake("b")
        #expect(waker.number == 2)
        #expect(board.takeUntold() == ["a", "b"])
        #expect(board.takeUntold().isEmpty)
        board.wakeHere("c")
        #expect(waker.number == 2)
    }

    @Test func `a signal raised before the wait is not lost, and raised twice is one`() async throws {
        let signal = WakeSignal()
        signal.raise()
        signal.raise()
        await signal.wait()
        let passed = Count()
        let waiter = Task {
            await signal.wait()
            passed.raise()
        }
        #expect(passed.number == 0)
        signal.raise()
        await waiter.value
        #expect(passed.number == 1)
    }
}
