import Postgres
import Testing

/// Sessions are numbers, waiters are letters, time is what the test says it is.
struct PoolStateMachineTests {
    private var machine: PoolStateMachine<Int, String>
    private var now: Duration = .zero
    private var nextID: UInt64 = 0

    init() {
        machine = Self.make()
    }

    private static func make(maximum: Int = 2, waiters: Int = 3) -> PoolStateMachine<Int, String> {
        var configuration = DatabaseConfiguration(connectionString: "", maximumConnections: maximum)
        configuration.maximumWaiters = waiters
        configuration.waitTimeout = .seconds(10)
        configuration.maximumAge = .seconds(100)
        configuration.backOff = (.seconds(1), .seconds(8))
        return PoolStateMachine(configuration)
    }

    private mutating func wait(_ name: String) -> PoolStateMachine<Int, String>.Effects {
        nextID += 1
        return machine.wait(name, id: nextID, now: now)
    }

    /// Has a session opened and lent to `name`.
    private mutating func lend(_ session: Int, to name: String) -> PoolLease<Int> {
        _ = wait(name)
        return machine.opened(session, jitter: 0, now: now).granted[0].1
    }

    @Test mutating func `a session is opened for a waiter and no more than wait`() {
        #expect(wait("a").openings == 1)
        #expect(wait("b").openings == 1)
        #expect(wait("c").openings == 0)  // the pool holds two
        let opened = machine.opened(1, jitter: 0, now: now)
        #expect(opened.granted.map(\.0) == ["a"])
        #expect(opened.openings == 0)
        #expect(machine.opened(2, jitter: 0, now: now).granted.map(\.0) == ["b"])
        #expect(machine.leased == 2)
        #expect(machine.waitingCount == 1)
    }

    @Test mutating func `a session given back goes to whoever has waited longest`() {
        let lease = lend(1, to: "a")
        _ = lend(2, to: "b")
        _ = wait("c")
        _ = wait("d")
        let released = machine.release(lease, isReusable: true, now: now)
        #expect(released.granted.map(\.0) == ["c"])
        #expect(released.granted.map(\.1.session) == [1])
        #expect(machine.leased == 2)
    }

    @Test mutating func `of the idle sessions the last that has the role is lent, else the last of all`() {
        let (reader, writer) = (DatabaseRole(rawValue: "reader"), DatabaseRole(rawValue: "writer"))
        machine = Self.make(maximum: 3)
        var leases = [lend(1, to: "a"), lend(2, to: "b"), lend(3, to: "c")]
        leases[0].role = reader
        leases[1].role = writer
        leases[2].role = writer
        for lease in leases { _ = machine.release(lease, isReusable: true, now: now) }
        #expect(machine.leaseIdle(as: reader, now: now).0?.session == 1)
        #expect(machine.leaseIdle(as: reader, now: now).0?.session == 3)
        #expect(machine.leaseIdle(as: writer, now: now).0?.session == 2)
        #expect(machine.leaseIdle(as: writer, now: now).0 == nil)
    }

    @Test mutating func `a session that has the role and is too old is closed, and another lent`() {
        let reader = DatabaseRole(rawValue: "reader")
        var old = lend(1, to: "a")
        old.role = reader
        _ = machine.release(old, isReusable: true, now: now)
        let held = machine.leaseIdle(as: reader, now: now).0
        now = .seconds(60)
        let young = lend(2, to: "b")
        _ = machine.release(young, isReusable: true, now: now)
        if let held { _ = machine.release(held, isReusable: true, now: now) }
        now = .seconds(110)
        let (lease, effects) = machine.leaseIdle(as: reader, now: now)
        #expect(lease?.session == 2)
        #expect(effects.closings == [1])
    }

    @Test mutating func `the last idle session is the first to be lent`() {
        let first = lend(1, to: "a")
        let second = lend(2, to: "b")
        _ = machine.release(first, isReusable: true, now: now)
        _ = machine.release(second, isReusable: true, now: now)
        #expect(machine.leaseIdle(now: now).0?.session == 2)
        #expect(machine.leaseIdle(now: now).0?.session == 1)
        #expect(machine.leaseIdle(now: now).0 == nil)
    }

    @Test mutating func `one waiter too many is refused at once`() {
        for name in ["a", "b", "c"] { _ = wait(name) }
        let refused = wait("d").refused
        #expect(refused.map(\.0) == ["d"])
        #expect(refused.map(\.1) == [.exhausted])
        #expect(machine.waitingCount == 3)
    }

    @Test mutating func `a waiter is refused at its deadline and not before`() {
        #expect(wait("a").timer == .seconds(10))
        now = .seconds(4)
        #expect(wait("b").timer == nil)
        now = .seconds(9)
        #expect(machine.timerFired(now: now).refused.isEmpty)
        now = .seconds(10)
        let fired = machine.timerFired(now: now)
        #expect(fired.refused.map(\.0) == ["a"])
        #expect(fired.refused.map(\.1) == [.timedOut])
        #expect(fired.timer == .seconds(14))
    }

    @Test mutating func `a cancelled waiter is refused once and gets nothing`() {
        _ = wait("a")
        #expect(machine.cancelWaiter(id: 1).refused.map(\.1) == [.cancelled])
        #expect(machine.cancelWaiter(id: 1).refused.isEmpty)
        #expect(machine.opened(1, jitter: 0, now: now).granted.isEmpty)
        #expect(machine.idleCount == 1)
    }

    @Test mutating func `a broken session is closed and another opened for those who wait`() {
        let lease = lend(1, to: "a")
        _ = lend(2, to: "b")
        _ = wait("c")
        let released = machine.release(lease, isReusable: false, now: now)
        #expect(released.closings == [1])
        #expect(released.openings == 1)
        #expect(released.granted.isEmpty)
    }

    @Test mutating func `a session past its age is closed when it comes back and when it would be lent`() {
        let first = lend(1, to: "a")
        let second = lend(2, to: "b")
        now = .seconds(99)
        _ = machine.release(first, isReusable: true, now: now)
        now = .seconds(100)
        #expect(machine.release(second, isReusable: true, now: now).closings == [2])
        let (lease, effects) = machine.leaseIdle(now: now)
        #expect(lease == nil)
        #expect(effects.closings == [1])
    }

    @Test mutating func `ages differ by up to a tenth`() {
        _ = wait("a")
        #expect(machine.opened(1, jitter: 1, now: now).granted[0].1.expiry == .seconds(90))
    }

    @Test mutating func `failures to open are spaced out, doubling, one attempt at a time`() {
        #expect(wait("a").openings == 1)
        #expect(wait("b").openings == 1)
        #expect(machine.openingFailed(jitter: 0, now: now).timer == .seconds(1))
        #expect(machine.openingFailed(jitter: 0, now: now).openings == 0)
        now = .seconds(1)
        #expect(machine.timerFired(now: now).openings == 0)
        now = .seconds(2)
        #expect(machine.timerFired(now: now).openings == 1)
        #expect(wait("c").openings == 0)
        #expect(machine.isFailing)
        let failed = machine.openingFailed(jitter: 0, now: now)
        #expect(failed.openings == 0)
        #expect(failed.timer == .seconds(6))
        now = .seconds(6)
        #expect(machine.timerFired(now: now).openings == 1)
        let opened = machine.opened(1, jitter: 0, now: now)
        #expect(opened.granted.map(\.0) == ["a"])
        #expect(opened.openings == 1)
        #expect(!machine.isFailing)
    }

    @Test mutating func `the pause has an upper end, and jitter halves it at most`() {
        _ = wait("a")
        for _ in 0..<40 {
            _ = machine.openingFailed(jitter: 0, now: now)
            now += .seconds(8)
            _ = machine.cancelWaiter(id: nextID)
            _ = machine.timerFired(now: now)
            #expect(wait("a").openings == 1)
        }
        #expect(machine.openingFailed(jitter: 1, now: now).timer == now + .seconds(4))
    }

    @Test mutating func `closing refuses waiters, closes idle sessions, and is done when the last comes back`() {
        let lease = lend(1, to: "a")
        let other = lend(2, to: "b")
        _ = machine.release(other, isReusable: true, now: now)
        let closed = machine.close()
        #expect(closed.closings == [2])
        #expect(!closed.isDrained)
        #expect(wait("c").refused.map(\.1) == [.closed])
        let released = machine.release(lease, isReusable: true, now: now)
        #expect(released.closings == [1])
        #expect(released.isDrained)
    }

    @Test mutating func `a session that opens after closing is closed`() {
        _ = wait("a")
        #expect(machine.close().refused.map(\.1) == [.closed])
        let opened = machine.opened(1, jitter: 0, now: now)
        #expect(opened.closings == [1])
        #expect(opened.isDrained)
    }

    @Test mutating func `never more sessions than allowed, whatever happens`() {
        var random = SystemRandomNumberGenerator()
        machine = Self.make(maximum: 3, waiters: 5)
        var leases: [PoolLease<Int>] = []
        var opening = 0
        var open: Set<Int> = []
        var sessions = 0
        for step in 0..<5000 {
            now += .milliseconds(Int.random(in: 0...500, using: &random))
            var effects: PoolStateMachine<Int, String>.Effects
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: effects = wait("w\(step)")
            case 2 where opening > 0:
                opening -= 1
                sessions += 1
                open.insert(sessions)
                effects = machine.opened(sessions, jitter: 0.5, now: now)
            case 3 where opening > 0:
                opening -= 1
                effects = machine.openingFailed(jitter: 0.5, now: now)
            case 4 where !leases.isEmpty:
                effects = machine.release(leases.removeFirst(), isReusable: .random(using: &random), now: now)
            default: effects = machine.timerFired(now: now)
            }
            opening += effects.openings
            leases += effects.granted.map(\.1)
            for session in effects.closings { #expect(open.remove(session) != nil) }
            #expect(open.count + opening <= 3)
            #expect(leases.count == machine.leased)
            #expect(Set(leases.map(\.session)).count == leases.count)
            #expect(open.count == leases.count + machine.idleCount)
            #expect(machine.waitingCount == 0 || machine.idleCount == 0)
        }
    }
}
