import Synchronization

/// Who wants to know that messages arrived: the consumers of this process, and the waker that tells the other nodes.
final class WakeBoard: Sendable {
    typealias Listener = @Sendable () -> Void

    private struct State {
        var listeners: [String: [ObjectIdentifier: Listener]] = [:]
        var untold: Set<String> = []
        var waker: Listener?
    }

    private let state = Mutex(State())

    /// Calls the queue's listeners in this process and has the waker, if one runs, tell the other nodes.
    func wake(_ queue: String) {
        let called = state.withLock { state -> [Listener] in
            var called = state.listeners[queue].map { Array($0.values) } ?? []
            if let waker = state.waker, state.untold.insert(queue).inserted { called.append(waker) }
            return called
        }
        for listener in called { listener() }
    }

    /// Calls the queue's listeners in this process only; `nil` calls those of all queues.
    func wakeHere(_ queue: String?) {
        let called = state.withLock { state in
            queue.map { state.listeners[$0].map { Array($0.values) } ?? [] } ?? state.listeners.values.flatMap(\.values)
        }
        for listener in called { listener() }
    }

    /// Calls the listener at each wake of the queue, until its owner leaves.
    func join(_ queue: String, _ owner: AnyObject, _ listener: @escaping Listener) {
        state.withLock { $0.listeners[queue, default: [:]][ObjectIdentifier(owner)] = listener }
    }

    /// Ends `join`.
    func leave(_ queue: String, _ owner: AnyObject) {
        state.withLock { state in
            state.listeners[queue]?[ObjectIdentifier(owner)] = nil
            if state.listeners[queue]?.isEmpty == true { state.listeners[queue] = nil }
        }
    }

    /// Names the waker, or none when it stops.
    func setWaker(_ waker: Listener?) {
        state.withLock { state in
            state.waker = waker
            state.untold = []
        }
    }

    /// The queues woken since the last call.
    func takeUntold() -> Set<String> {
        state.withLock { state in
            defer { state.untold = [] }
            return state.untold
        }
    }
}
