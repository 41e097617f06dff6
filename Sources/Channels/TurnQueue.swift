import NIOCore
import NIOPosix
import Synchronization

/// Lets one caller through at a time, in the order in which they came, and bounds how many wait and how long.
final class TurnQueue: Sendable {
    /// What became of a caller.
    enum Admission: Sendable, Hashable {
        /// Its turn: it says ``done()`` when it has finished.
        case admitted
        case tooMany
        case tooLate
        case cancelled
    }

    private struct State {
        var isBusy = false
        var number = 0
        var waiting: [(number: Int, continuation: CheckedContinuation<Admission, Never>)] = []
        /// Callers that were cancelled before they could wait.
        var cancelled: Set<Int> = []
    }

    private let most: Int
    private let state = Mutex(State())

    /// - Parameter most: callers that wait at most.
    init(most: Int) {
        self.most = most
    }

    /// Callers that wait now.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits until it is the caller's turn, at most for a time.
    func turn(within limit: Duration) async -> Admission {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(limit)) {
            self.release(number, .tooLate)
        }
        defer {
            timer.cancel()
            state.withLock { _ = $0.cancelled.remove(number) }
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Admission? = state.withLock { state in
                    if state.cancelled.contains(number) { return .cancelled }
                    guard state.isBusy else {
                        state.isBusy = true
                        return .admitted
                    }
                    guard state.waiting.count < most else { return .tooMany }
                    state.waiting.append((number, continuation))
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            self.release(number, .cancelled)
        }
    }

    /// Ends the caller's turn.
    func done() {
        let next = state.withLock { state in
            state.isBusy = !state.waiting.isEmpty
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst().continuation
        }
        next?.resume(returning: .admitted)
    }

    /// Sends one away that waits.
    private func release(_ number: Int, _ admission: Admission) {
        let gone = state.withLock { state -> CheckedContinuation<Admission, Never>? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
                if admission == .cancelled { state.cancelled.insert(number) }
                return nil
            }
            return state.waiting.remove(at: index).continuation
        }
        gone?.resume(returning: admission)
    }
}
