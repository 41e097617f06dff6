import Synchronization

/// Lets one waiter sleep until something is raised. Raises while nobody waits are kept, as one.
final class WakeSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Wakes the waiter, or lets the next wait return at once.
    func raise() {
        let waiter = state.withLock { state in
            state.isRaised = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the signal has been raised since the last wait.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isRaised = state.withLock { state in
                precondition(state.waiter == nil, "a signal has one waiter")
                guard !state.isRaised else {
                    state.isRaised = false
                    return true
                }
                state.waiter = continuation
                return false
            }
            if isRaised { continuation.resume() }
        }
    }
}
