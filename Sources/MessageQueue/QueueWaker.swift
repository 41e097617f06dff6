import Logging
package import Postgres
import ServiceLifecycle
import Synchronization

/// Carries wakes between nodes: tells the others what was enqueued here, and wakes consumers here for what was enqueued
/// there.
///
/// Without it everything works, but a message enqueued on one node is seen on another only when its consumer looks by
/// itself. The listener needs a session of its own, which a pooler in transaction mode does not give. If it hears nothing,
/// it says so: each time it has begun to listen, the waker sends a word to itself.
package struct QueueWaker: Service {
    /// Notifications carry a queue's name on this channel.
    static let channel = "hub_queue"

    private let queue: MessageQueue
    private let listener: Database
    private let patience: Duration

    /// A waker for the consumers and enqueuers that share this value.
    ///
    /// - Parameters:
    ///   - listener: the same database, reached directly, where the queue's goes through a pooler
    ///   - patience: how long it waits for its own word before it warns. Defaults to 5 s
    package init(queue: MessageQueue, listener: Database? = nil, patience: Duration = .seconds(5)) {
        self.queue = queue
        self.listener = listener ?? queue.database
        self.patience = patience
    }

    /// Runs until the task is cancelled or the service group shuts down.
    package func run() async throws {
        let signal = WakeSignal()
        queue.board.setWaker { signal.raise() }
        defer { queue.board.setWaker(nil) }
        let echo = Echo()
        await cancelWhenGracefulShutdown { [queue, listener, patience] in
            await withDiscardingTaskGroup { group in
                group.addTask { await Self.listen(queue, listener, echo) }
                group.addTask { await Self.hearItself(queue, echo, patience) }
                await withTaskCancellationHandler {
                    await Self.tell(queue, signal)
                } onCancel: {
                    signal.raise()
                }
            }
        }
    }

    /// Whether the listener hears what the waker sends.
    private final class Echo: Sendable {
        /// No queue's name begins like this.
        let word = "?" + String(UInt64.random(in: 0 ... .max), radix: 36)
        let hasBegun = WakeSignal()
        let isHeard = Atomic(false)
    }

    private static func listen(_ queue: MessageQueue, _ listener: Database, _ echo: Echo) async {
        for await event in listener.listen([channel]) {
            switch event {
            case .notification(_, echo.word): echo.isHeard.store(true, ordering: .relaxed)
            case .notification(_, let name): queue.board.wakeHere(name)
            case .resync:
                queue.board.wakeHere(nil)
                echo.hasBegun.raise()
            }
        }
    }

    private static func hearItself(_ queue: MessageQueue, _ echo: Echo, _ patience: Duration) async {
        await withTaskCancellationHandler {
            while true {
                await echo.hasBegun.wait()
                guard !Task.isCancelled else { return }
                echo.isHeard.store(false, ordering: .relaxed)
                let word = echo.word
                guard
                    (try? await queue.database.execute(
                        "SELECT pg_notify(\(channel), \(word))", name: "queue.notify")) != nil,
                    (try? await Task.sleep(for: patience)) != nil
                else { continue }
                guard !echo.isHeard.load(ordering: .relaxed) else {
                    queue.logger.debug("the listener hears")
                    continue
                }
                queue.logger.warning(
                    """
                    the listener hears no notification: is it behind a transaction-mode pooler? Messages of other nodes are \
                    found by polling only; give it a direct connection
                    """)
            }
        } onCancel: {
            echo.hasBegun.raise()
        }
    }

    /// The first wake after a quiet time is told at once; then at most one round per interval.
    private static func tell(_ queue: MessageQueue, _ signal: WakeSignal) async {
        while true {
            await signal.wait()
            guard !Task.isCancelled else { return }
            let names = queue.board.takeUntold().sorted()
            guard !names.isEmpty else { continue }
            do {
                try await queue.database.execute(
                    "SELECT pg_notify(\(channel), name) FROM unnest(\(names)) AS name", name: "queue.notify")
            } catch {
                // Only a hint is lost; the others look by themselves.
                queue.logger.debug("wake not sent", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: queue.configuration.wakeInterval)
        }
    }
}
