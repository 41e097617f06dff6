import Glibc
import Synchronization

/// Tells when something may have arrived in one of several directories: by inotify at once, and in any case each interval.
///
/// A tick is a hint and says nothing about what changed; looking is the guarantee (inotify drops events when its queue is
/// full, and sees nothing on some network file systems: inotify(7), "Limitations and caveats").
final class DirectoryWatcher: Sendable {
    /// Ticks run together: one that is not taken yet stands for all that follow.
    let ticks: AsyncStream<Void>
    private let notifications: Int32
    /// The writing end of a pipe that the thread polls too; closing it ends the thread.
    private let stopSignal: Mutex<Int32?>

    /// Starts the thread that waits. It lives until ``stop()``.
    init(interval: Duration) throws(Directory.Failure) {
        notifications = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard notifications >= 0 else { throw .init(call: "inotify_init1", number: errno) }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw .init(call: "pipe", number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        stopSignal = Mutex(ends[1])
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        ticks = stream
        let milliseconds = Int32(clamping: Int64(max(1, interval / .milliseconds(1))))
        let wait = Wait(
            notifications: notifications, stopSignal: ends[0], milliseconds: milliseconds, continuation: continuation)
        // A thread of its own, since poll(2) blocks. It owns both descriptors from here and closes them at its end.
        var thread = pthread_t()
        let box = Unmanaged.passRetained(wait)
        let result = pthread_create(
            &thread, nil,
            { wait in
                if let wait { Unmanaged<Wait>.fromOpaque(wait).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            throw .init(call: "pthread_create", number: result)
        }
        pthread_detach(thread)
    }

    /// Also tells about this directory from now on. Harmless when it is watched already.
    func watch(path: String) {
        stopSignal.withLock { signal in
            guard signal != nil else { return }
            _ = inotify_add_watch(notifications, path, UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO))
        }
    }

    func stop() {
        stopSignal.withLock { signal in
            if let end = signal { close(end) }
            signal = nil
        }
    }

    private final class Wait: Sendable {
        let notifications: Int32
        let stopSignal: Int32
        let milliseconds: Int32
        let continuation: AsyncStream<Void>.Continuation

        init(notifications: Int32, stopSignal: Int32, milliseconds: Int32, continuation: AsyncStream<Void>.Continuation)
        {
            self.notifications = notifications
            self.stopSignal = stopSignal
            self.milliseconds = milliseconds
            self.continuation = continuation
        }

        func run() {
            let buffer = UnsafeMutableRawPointer.allocate(byteCount: 65536, alignment: 8)
            defer {
                buffer.deallocate()
                close(notifications)
                close(stopSignal)
                continuation.finish()
            }
            while true {
                continuation.yield()
                var waiting = [
                    pollfd(fd: notifications, events: Int16(POLLIN), revents: 0),
                    // Hung up when the other end is closed.
                    pollfd(fd: stopSignal, events: 0, revents: 0),
                ]
                _ = poll(&waiting, 2, milliseconds)
                if waiting[1].revents != 0 { return }
                // What happened is of no interest, only that something did.
                while read(notifications, buffer, 65536) > 0 {}
            }
        }
    }
}
