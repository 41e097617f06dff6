import Logging
import Postgres
import ServiceLifecycle

/// Carries wakes between nodes: tells the others what was enqueued here, and wakes consumers here for what was enqueued
/// there.
///
/// Without it everything works, but a message enqueued on one node is seen on another only when its consumer looks by
/// itself. The listener needs a session of its own: behind a pooler in transaction mode, give it a direct connection or
/// leave it out.
package struct QueueWaker: Service {
    /// Notifications carry a queue's name on this channel.
    static let channel = "hub_queue"

    private let queue: MessageQueue

    /// A waker for the consumers and enqueuers that share this value.
    package init(queue: MessageQueue) {
        self.queue = queue
    }

    /// Runs until the task is cancelled or the service group shuts down.
    package func run() async throws {
        let signal = WakeSignal()
        queue.board.setWaker { signal.raise() }
        defer { queue.board.setWaker(nil) }
        await cancelWhenGracefulShutdown { [queue] in
            await withDiscardingTaskGroup { group in
                group.addTask { await Self.listen(queue) }
                await withTaskCancellationHandler {
                    await Self.tell(queue, signal)
                } onCancel: {
                    signal.raise()
                }
            }
        }
    }

    private static func listen(_ queue: MessageQueue) async {
        for await event in queue.database.listen([channel]) {
            switch event {
            case .notification(_, let name): queue.board.wakeHere(name)
            case .resync: queue.board.wakeHere(nil)
            }
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
