import Logging
import Synchronization

/// Brings about what ``PoolStateMachine`` decides.
final class ConnectionPool: Sendable {
    typealias Lease = PoolLease<Session>
    typealias Machine = PoolStateMachine<Session, CheckedContinuation<Lease, any Error>>

    private struct State {
        var machine: Machine
        var nextWaiter: UInt64 = 0
        var lastFailure: PostgresError?
        var waits = 0
        var waited = Duration.zero
        var closings = 0
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    let configuration: DatabaseConfiguration
    private let logger: Logger
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    init(_ configuration: DatabaseConfiguration, _ logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        state = Mutex(State(machine: Machine(configuration)))
    }

    private var now: Duration { start.duration(to: .now) }

    /// Lends a session to `body`, as a role, and takes it back. A session that died while idle is replaced unnoticed.
    func withSession<T: Sendable>(
        as role: DatabaseRole?, _ body: @Sendable (Connection) throws -> T
    ) async throws -> T {
        while true {
            try Task.checkCancellation()
            var lease = try await lease(as: role)
            lease.role = role
            switch await lease.session.turn(as: role, body) {
            case .stale:
                release(lease, isReusable: false)
            case .finished(let result, let isReusable):
                release(lease, isReusable: isReusable)
                do {
                    return try result.get()
                } catch let error as PostgresError where error.reason == .cancelled {
                    throw CancellationError()
                }
            }
        }
    }

    /// Lends a session to `body`, on the session's own thread, and takes it back, or tells it why there is none. Returns
    /// at once. No task is behind it, so where a session is idle the thread begins without a detour, and nobody's
    /// cancellation ends it.
    ///
    /// - Parameter after: runs when the session is back.
    func post(
        as role: DatabaseRole?, _ body: @escaping @Sendable (Result<Connection, any Error>) -> Void,
        after: @escaping @Sendable () -> Void
    ) {
        if let idle = leaseIdle(as: role) {
            post(as: role, body, on: idle, after: after)
        } else {
            Task {
                do {
                    post(as: role, body, on: try await lease(as: role), after: after)
                } catch {
                    body(.failure(error))
                    after()
                }
            }
        }
    }

    private func post(
        as role: DatabaseRole?, _ body: @escaping @Sendable (Result<Connection, any Error>) -> Void, on lease: Lease,
        after: @escaping @Sendable () -> Void
    ) {
        lease.session.post(as: role) {
            body(.success($0))
        } end: { [self] outcome in
            var lease = lease
            lease.role = role
            switch outcome {
            case .stale:
                release(lease, isReusable: false)
                post(as: role, body, after: after)
            case .finished(let result, let isReusable):
                if case .failure(let error) = result { body(.failure(error)) }
                release(lease, isReusable: isReusable)
                after()
            }
        }
    }

    /// Whether somebody waits for a session.
    var isWaitedFor: Bool { state.withLock { $0.machine.waitingCount > 0 } }

    private func leaseIdle(as role: DatabaseRole?) -> Lease? {
        let (idle, effects) = state.withLock { $0.machine.leaseIdle(as: role, now: now) }
        perform(effects)
        return idle
    }

    private func lease(as role: DatabaseRole?) async throws -> Lease {
        if let idle = leaseIdle(as: role) { return idle }
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let begin = now
        defer {
            state.withLock { state in
                state.waits += 1
                state.waited += now - begin
            }
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                perform(state.withLock { $0.machine.wait(continuation, id: id, as: role, now: now) })
                // Cancelled before it waited: the handler below has found nothing to remove.
                if Task.isCancelled { perform(state.withLock { $0.machine.cancelWaiter(id: id) }) }
            }
        } onCancel: {
            perform(state.withLock { $0.machine.cancelWaiter(id: id) })
        }
    }

    private func release(_ lease: Lease, isReusable: Bool) {
        perform(state.withLock { $0.machine.release(lease, isReusable: isReusable, now: now) })
    }

    /// Refuses new callers and returns when the last session has been given back and closed.
    func close() async {
        await withCheckedContinuation { continuation in
            let effects = state.withLock { state in
                state.closers.append(continuation)
                return state.machine.close()
            }
            perform(effects)
        }
    }

    /// The pool's figures, for metrics.
    var statistics: PoolStatistics {
        state.withLock { state in
            PoolStatistics(
                leased: state.machine.leased, idle: state.machine.idleCount, opening: state.machine.opening,
                waiting: state.machine.waitingCount, waits: state.waits, waited: state.waited,
                isFailing: state.machine.isFailing)
        }
    }

    // The unstructured tasks below outlive the caller whose event began them: a session opened for one waiter may serve
    // another. Each ends by itself: opening by libpq's time limit, the timer at its time.
    private func perform(_ effects: Machine.Effects) {
        for (waiter, lease) in effects.granted { waiter.resume(returning: lease) }
        for (waiter, refusal) in effects.refused { waiter.resume(throwing: error(for: refusal)) }
        if !effects.closings.isEmpty { close(effects.closings) }
        for _ in 0..<effects.openings { Task { await open() } }
        if let timer = effects.timer {
            Task {
                try? await Task.sleep(until: start + timer, clock: .continuous)
                perform(state.withLock { $0.machine.timerFired(now: now) })
            }
        }
        if effects.isDrained { resumeClosers() }
    }

    private func close(_ sessions: [Session]) {
        state.withLock { $0.closings += sessions.count }
        for session in sessions {
            Task {
                await session.close()
                state.withLock { $0.closings -= 1 }
                resumeClosers()
            }
        }
    }

    /// Lets `close()` return once nothing is left.
    private func resumeClosers() {
        let closers: [CheckedContinuation<Void, Never>] = state.withLock { state in
            guard state.machine.isDrained, state.closings == 0 else { return [] }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    private func open() async {
        do {
            let session = try await Session.open(configuration)
            let jitter = Double.random(in: 0...1)
            let effects = state.withLock { state in
                state.lastFailure = nil
                return state.machine.opened(session, jitter: jitter, now: now)
            }
            perform(effects)
        } catch {
            logger.warning("no connection to the database", metadata: ["error": "\(error)"])
            let jitter = Double.random(in: 0...1)
            let effects = state.withLock { state in
                state.lastFailure = error as? PostgresError
                return state.machine.openingFailed(jitter: jitter, now: now)
            }
            perform(effects)
        }
    }

    private func error(for refusal: Machine.Refusal) -> any Error {
        switch refusal {
        case .exhausted: PostgresError(.poolExhausted)
        case .timedOut: state.withLock { $0.lastFailure } ?? PostgresError(.waitTimedOut)
        case .cancelled: CancellationError()
        case .closed: PostgresError(.closed)
        }
    }
}

/// How a pool stands at one moment.
package struct PoolStatistics: Sendable, Equatable {
    /// Connections lent to callers.
    package let leased: Int
    /// Connections that nobody uses.
    package let idle: Int
    /// Connections being made.
    package let opening: Int
    /// Callers waiting.
    package let waiting: Int
    /// How often a caller has had to wait, since the beginning.
    package let waits: Int
    /// How long callers have waited, in all.
    package let waited: Duration
    /// Whether the last attempt to connect failed.
    package let isFailing: Bool
}
