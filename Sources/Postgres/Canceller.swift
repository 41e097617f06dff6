import CLibpq
import Glibc
import Synchronization

/// Cancels what a connection is doing, from any thread, and never the next thing that it does.
///
/// A *turn* is one lease of the connection. A cancellation names its turn and is dropped when that turn has passed. The
/// request to the server goes out on a thread of its own, because `PQcancel` opens a second connection and blocks; the
/// connection's own thread waits for it at the end of the statement, so a late request cannot meet the statement after.
///
/// libpq before 17 sends the request unencrypted, also where the connection is encrypted. It names the backend and a
/// key that serves for nothing else; where even that is too much, the server's own time limits remain.
final class Canceller: Sendable {
    /// `@unchecked Sendable` because a `PGcancel` is never changed, and `PQcancel` may be called from any thread
    /// (https://www.postgresql.org/docs/15/libpq-cancel.html).
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private struct State {
        var handle = Handle(pointer: nil)
        var turn: UInt64 = 0
        var isRequested = false
        var isRunning = false
        var isSending = false
    }

    private let state = Mutex(State())
    let wakeup: Wakeup

    init() throws(PostgresError) {
        wakeup = try Wakeup()
    }

    deinit {
        state.withLock { PQfreeCancel($0.handle.pointer) }
    }

    /// Takes what `PQcancel` needs to know from a fresh connection.
    func attach(to connection: OpaquePointer) {
        let handle = Handle(pointer: PQgetCancel(connection))
        state.withLock { $0.handle = handle }
    }

    // MARK: Turns

    func beginTurn() -> UInt64 {
        state.withLock { state in
            state.turn += 1
            state.isRequested = false
            return state.turn
        }
    }

    /// From now on a cancellation of this turn has no effect.
    func endTurn() {
        _ = beginTurn()
    }

    /// Asks that the turn's statement, if one runs, be cancelled, and that no further one start.
    func cancel(turn: UInt64) {
        let matches = state.withLock { state in
            guard state.turn == turn else { return false }
            state.isRequested = true
            return true
        }
        if matches { wakeup.signal() }
    }

    var isRequested: Bool { state.withLock { $0.isRequested } }

    // MARK: Statements, by the connection's own thread

    func beginStatement() {
        state.withLock { $0.isRunning = true }
    }

    /// Sends the server a request to cancel the running statement. Returns at once.
    func send() {
        let mayStart = state.withLock { state in
            guard state.isRunning, !state.isSending, state.handle.pointer != nil else { return false }
            state.isSending = true
            return true
        }
        guard mayStart else { return }
        let started = startThread { [self] in
            let handle = state.withLock { $0.handle }
            var message = [CChar](repeating: 0, count: 256)
            PQcancel(handle.pointer, &message, Int32(message.count))
            finishSending()
        }
        if !started { finishSending() }
    }

    private func finishSending() {
        state.withLock { $0.isSending = false }
        wakeup.signal()
    }

    /// Waits for a request on its way; false when it is still there after `patience`.
    func endStatement(patience: Duration) -> Bool {
        state.withLock { $0.isRunning = false }
        let deadline = Deadline(after: patience)
        while state.withLock({ $0.isSending }) {
            var watched = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&watched, 1, deadline.pollTimeout) == 0 { return !state.withLock { $0.isSending } }
            wakeup.clear()
        }
        return true
    }
}
