/// The rules of the connection pool, without connections, tasks or a clock.
///
/// Every method takes an event and the time, and returns the ``Effects`` that ``ConnectionPool`` must bring about.
/// Sessions are opened only for callers that wait, never more at once than wait, and one at a time after a failure. Idle
/// sessions are lent last in, first out, so that those not needed grow old; callers wait first in, first out.
package struct PoolStateMachine<Session: Sendable, Waiter: Sendable> {

    package typealias Lease = PoolLease<Session>

    package enum Refusal: Sendable, Equatable {
        case exhausted, timedOut, cancelled, closed
    }

    package struct Effects {
        /// Waiters that have got a session.
        package var granted: [(Waiter, Lease)] = []
        /// Waiters that get none.
        package var refused: [(Waiter, Refusal)] = []
        /// How many sessions to begin to open.
        package var openings = 0
        /// Sessions to close.
        package var closings: [Session] = []
        /// When to call `timerFired`, if not sooner.
        package var timer: PoolInstant?
        /// All is closed.
        package var isDrained = false
    }

    private let maximumSessions: Int
    private let maximumWaiters: Int
    private let waitTimeout: Duration
    private let maximumAge: Duration
    private let backOff: (first: Duration, longest: Duration)
    private let firstRole: DatabaseRole?

    private var idle: [Lease] = []
    private var waiters: [(id: UInt64, waiter: Waiter, deadline: PoolInstant)] = []
    package private(set) var leased = 0
    package private(set) var opening = 0
    package private(set) var isClosed = false

    /// Failures to open since the last success.
    private var failures = 0
    /// Not to open before this.
    private var openAgain: PoolInstant = .zero
    private var timer: PoolInstant?

    package init(_ configuration: DatabaseConfiguration) {
        maximumSessions = max(1, configuration.maximumConnections)
        maximumWaiters = configuration.maximumWaiters
        waitTimeout = configuration.waitTimeout
        maximumAge = configuration.maximumAge
        backOff = configuration.backOff
        firstRole = configuration.role
    }

    package var idleCount: Int { idle.count }
    package var waitingCount: Int { waiters.count }
    /// Closed, and nothing in anybody's hands.
    package var isDrained: Bool { isClosed && leased == 0 && opening == 0 }
    package var isFailing: Bool { failures > 0 }

    /// A caller wants a session and there may be an idle one; best is the last in of those that have its role already.
    package mutating func leaseIdle(as role: DatabaseRole? = nil, now: PoolInstant) -> (Lease?, Effects) {
        var effects = Effects()
        guard !isClosed else { return (nil, effects) }
        while !idle.isEmpty {
            let place = idle.lastIndex { $0.role == role } ?? idle.count - 1
            let lease = idle.remove(at: place)
            guard lease.expiry > now else {
                effects.closings.append(lease.session)
                continue
            }
            leased += 1
            return (lease, effects)
        }
        return (nil, effects)
    }

    /// A caller wants a session and will wait for it. `id` is unique among the waiters.
    package mutating func wait(
        _ waiter: Waiter, id: UInt64, as role: DatabaseRole? = nil, now: PoolInstant
    ) -> Effects {
        let (lease, first) = leaseIdle(as: role, now: now)
        var effects = first
        if let lease {
            effects.granted.append((waiter, lease))
        } else if isClosed {
            effects.refused.append((waiter, .closed))
        } else if waiters.count >= maximumWaiters {
            effects.refused.append((waiter, .exhausted))
        } else {
            waiters.append((id, waiter, now + waitTimeout))
        }
        settle(&effects, now: now)
        return effects
    }

    /// The caller's task was cancelled; nothing happens if it waits no longer.
    package mutating func cancelWaiter(id: UInt64) -> Effects {
        var effects = Effects()
        if let index = waiters.firstIndex(where: { $0.id == id }) {
            effects.refused.append((waiters.remove(at: index).waiter, .cancelled))
        }
        return effects
    }

    /// A session has been opened. `jitter`, from 0 to 1, shortens its life by up to a tenth.
    package mutating func opened(_ session: Session, jitter: Double, now: PoolInstant) -> Effects {
        var effects = Effects()
        opening -= 1
        failures = 0
        openAgain = now
        hand(Lease(session: session, expiry: now + maximumAge * (1 - 0.1 * jitter), role: firstRole), &effects)
        settle(&effects, now: now)
        return effects
    }

    /// A session could not be opened. `jitter`, from 0 to 1, shortens the pause by up to a half.
    package mutating func openingFailed(jitter: Double, now: PoolInstant) -> Effects {
        var effects = Effects()
        opening -= 1
        failures += 1
        let pause = min(backOff.longest, backOff.first * Double(1 << min(failures - 1, 20)))
        openAgain = now + pause * (1 - 0.5 * jitter)
        settle(&effects, now: now)
        return effects
    }

    /// A caller gives its session back.
    package mutating func release(_ lease: Lease, isReusable: Bool, now: PoolInstant) -> Effects {
        var effects = Effects()
        leased -= 1
        if isReusable, lease.expiry > now {
            hand(lease, &effects)
        } else {
            effects.closings.append(lease.session)
        }
        settle(&effects, now: now)
        return effects
    }

    /// The time set by `Effects.timer` has come, or has passed.
    package mutating func timerFired(now: PoolInstant) -> Effects {
        var effects = Effects()
        timer = nil
        let late = waiters.prefix { $0.deadline <= now }
        effects.refused = late.map { ($0.waiter, .timedOut) }
        waiters.removeFirst(late.count)
        settle(&effects, now: now)
        return effects
    }

    /// No more callers: those that wait are refused; sessions are closed as they come back.
    package mutating func close() -> Effects {
        var effects = Effects()
        isClosed = true
        effects.refused = waiters.map { ($0.waiter, .closed) }
        effects.closings = idle.map(\.session)
        waiters = []
        idle = []
        settle(&effects, now: .zero)
        return effects
    }

    private mutating func hand(_ lease: Lease, _ effects: inout Effects) {
        if isClosed {
            effects.closings.append(lease.session)
        } else if waiters.isEmpty {
            idle.append(lease)
        } else {
            leased += 1
            effects.granted.append((waiters.removeFirst().waiter, lease))
        }
    }

    /// After every event: opens what is wanted and may be had, and sets the timer for what comes next.
    private mutating func settle(_ effects: inout Effects, now: PoolInstant) {
        guard !isClosed else {
            effects.isDrained = isDrained
            return
        }
        guard let first = waiters.first else { return }
        var next = first.deadline
        if openAgain <= now {
            let room = maximumSessions - leased - idle.count - opening
            let wanted = min(waiters.count - opening, room, failures > 0 ? 1 - opening : .max)
            if wanted > 0 {
                opening += wanted
                effects.openings = wanted
            }
        } else {
            next = min(next, openAgain)
        }
        if timer.map({ next < $0 }) ?? true {
            timer = next
            effects.timer = next
        }
    }
}

/// Time since some beginning.
package typealias PoolInstant = Duration

/// A session in the hands of one caller.
package struct PoolLease<Session: Sendable>: Sendable {
    package let session: Session
    /// When the session is to be replaced.
    package let expiry: PoolInstant
    /// The role that it has. Taking another costs a round trip, so this decides which idle session a caller gets.
    package var role: DatabaseRole?
}
