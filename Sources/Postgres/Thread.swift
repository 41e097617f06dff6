import CLibpq
import Glibc

/// Starts a detached thread of the operating system; false when the system has none to give.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { argument in
            Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        box.release()
        return false
    }
    pthread_detach(thread)
    return true
}

/// A descriptor that one thread polls and any other can make readable.
final class Wakeup: Sendable {
    let descriptor: Int32

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw PostgresError(.connectionFailed, note: "no descriptor to spare") }
    }

    deinit { close(descriptor) }

    func signal() {
        var one: UInt64 = 1
        write(descriptor, &one, 8)
    }

    /// Takes back all signals so far.
    func clear() {
        var count: UInt64 = 0
        read(descriptor, &count, 8)
    }
}

/// An instant of the monotonic clock by which something must have happened, cheap to compare.
struct Deadline: Comparable {
    private let nanoseconds: UInt64

    static let never = Deadline(nanoseconds: .max)

    /// Nil is never, and so are thirty years and more.
    init(after duration: Duration?) {
        guard let duration, duration < .seconds(1_000_000_000) else {
            self = .never
            return
        }
        let (seconds, attoseconds) = max(duration, .zero).components
        nanoseconds = Self.now + UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
    }

    private init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    /// For `poll`: milliseconds left, rounded up; −1 waits for ever.
    var pollTimeout: Int32 {
        guard self != .never else { return -1 }
        let now = Self.now
        guard nanoseconds > now else { return 0 }
        return Int32(clamping: (nanoseconds - now + 999_999) / 1_000_000)
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
