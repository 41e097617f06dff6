import CLibpq
import Glibc
import Logging
import Synchronization

/// Notifications of PostgreSQL, as they come, through any number of reconnections.
///
/// A notification is a hint. ``Element/resync`` stands first and after every gap: look for yourself, anything may have
/// been missed. For one consumer. Ends when the consumer's task does, or when nothing holds the listener any more.
package struct Listener: AsyncSequence, Sendable {
    package enum Element: Sendable, Equatable {
        case notification(channel: String, payload: String)
        /// Listening has begun, begun again, or a slow consumer has lost some.
        case resync
    }

    /// Notifications kept for a slow consumer; when there are more, the oldest go and a resync follows.
    package static let bufferSize = 1024

    private let stream: AsyncStream<Element>

    init(_ configuration: DatabaseConfiguration, _ channels: [String], _ logger: Logger) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Element.self, bufferingPolicy: .bufferingNewest(Self.bufferSize))
        self.stream = stream
        do {
            let loop = try ListenerLoop(configuration, channels, logger, continuation)
            continuation.onTermination = { _ in loop.stop() }
            let isRunning = startThread { loop.run() }
            guard isRunning else { throw PostgresError(.connectionFailed, note: "no thread to spare") }
        } catch {
            logger.error("cannot listen to the database", metadata: ["error": "\(error)"])
            continuation.finish()
        }
    }

    package func makeAsyncIterator() -> AsyncStream<Element>.Iterator {
        stream.makeAsyncIterator()
    }
}

/// The thread behind a ``Listener``.
private final class ListenerLoop: Sendable {
    private let configuration: DatabaseConfiguration
    private let channels: [String]
    private let logger: Logger
    private let continuation: AsyncStream<Listener.Element>.Continuation
    private let wakeup: Wakeup
    private let isStopped = Atomic(false)

    /// How long the line may be silent before the server is asked whether it is still there.
    private static let silence = Duration.seconds(30)

    init(
        _ configuration: DatabaseConfiguration, _ channels: [String], _ logger: Logger,
        _ continuation: AsyncStream<Listener.Element>.Continuation
    ) throws(PostgresError) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        self.continuation = continuation
        wakeup = try Wakeup()
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        wakeup.signal()
    }

    func run() {
        var pause = configuration.backOff.first
        while !isStopped.load(ordering: .acquiring) {
            do throws(PostgresError) {
                let connection = try Connection(configuration, canceller: Canceller())
                for channel in channels {
                    try connection.execute("LISTEN \(identifier: channel)", name: "listen")
                }
                pause = configuration.backOff.first
                continuation.yield(.resync)
                try relay(connection)
            } catch {
                logger.warning("listening again", metadata: ["error": "\(error)"])
                rest(pause)
                pause = min(pause * 2, configuration.backOff.longest)
            }
        }
    }

    private func relay(_ connection: Connection) throws(PostgresError) {
        while true {
            var hasLost = false
            while let notification = connection.nextNotification() {
                if case .dropped = continuation.yield(notification) { hasLost = true }
            }
            if hasLost { continuation.yield(.resync) }
            guard !isStopped.load(ordering: .acquiring) else { return }
            guard try connection.waitForNotification(or: wakeup, atMost: Self.silence) else {
                try connection.execute("SELECT 1", name: "listen.check", deadline: .seconds(5))
                continue
            }
        }
    }

    /// Waits out the pause, or until stopped.
    private func rest(_ pause: Duration) {
        let deadline = Deadline(after: pause)
        while !isStopped.load(ordering: .acquiring), deadline.pollTimeout > 0 {
            var watched = pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&watched, 1, deadline.pollTimeout)
        }
    }
}

extension Connection {
    fileprivate func nextNotification() -> Listener.Element? {
        guard let notification = PQnotifies(handle) else { return nil }
        defer { PQfreemem(notification) }
        return .notification(
            channel: String(cString: notification.pointee.relname),
            payload: String(cString: notification.pointee.extra))
    }

    /// Waits for anything to arrive; false when nothing did in time.
    fileprivate func waitForNotification(
        or wakeup: Wakeup, atMost silence: Duration
    ) throws(PostgresError) -> Bool {
        let deadline = Deadline(after: silence)
        while true {
            var watched = (
                pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)
            )
            let ready = withUnsafeMutableBytes(of: &watched) {
                poll($0.baseAddress!.assumingMemoryBound(to: pollfd.self), 2, deadline.pollTimeout)
            }
            if ready < 0, errno == EINTR { continue }
            if watched.0.revents != 0, PQconsumeInput(handle) == 0 { throw lost() }
            return ready != 0
        }
    }
}
