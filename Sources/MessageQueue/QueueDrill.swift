import Logging
package import Postgres
import ServiceLifecycle

/// Puts numbered messages through a queue and keeps a journal of them, so that whoever kills it, or the database, can
/// see afterwards that nothing was lost and nothing overtaken.
///
/// The journal's lines: `S name` when the process has started, `E key number` when an enqueue has returned, `U key number` when its fate is not known, `H key
/// number attempt name` when a handler begins. Each key is one process's, which numbers its messages from 1.
package struct QueueDrill: Service {
    /// The queue.
    package static let queueName = "drill"

    private let queue: MessageQueue
    private let name: String
    private let keys: Int
    private let work: Duration
    private let journal: @Sendable (String) -> Void

    /// - Parameters:
    ///   - name: a word that no other process of the drill has
    ///   - keys: keys under which it enqueues, each a few hundred messages a second; none only handles
    ///   - lease: how long a lease holds
    ///   - work: how long a message is worked on
    ///   - journal: keeps a line, even if this process is killed at once
    package init(
        database: Database, name: String, keys: Int, lease: Duration, work: Duration,
        journal: @escaping @Sendable (String) -> Void
    ) {
        var configuration = MessageQueue.Configuration()
        // Holders vanish by design here; that must set no message aside.
        configuration.policies[Self.queueName] = QueuePolicy(maximumLost: 100, lease: lease)
        queue = MessageQueue(database: database, node: name, configuration: configuration)
        self.name = name
        self.keys = keys
        self.work = work
        self.journal = journal
    }

    /// Outcomes that were refused because their lease had been lost.
    package var refused: Int { queue.meters[Self.queueName]?.refused ?? 0 }

    /// Works until the task is cancelled or the service group shuts down.
    package func run() async throws {
        journal("S \(name)")
        let consumer = Consumer(
            queue: queue, name: Self.queueName, concurrency: 4, batch: 16, poll: .milliseconds(100)
        ) { [name, work, journal] lease in
            journal("H \(lease.key ?? "") \(String(decoding: lease.payload, as: UTF8.self)) \(lease.attempt) \(name)")
            if work > .zero { try? await Task.sleep(for: work) }
            return .done
        }
        try await withThrowingTaskGroup { group in
            group.addTask { try await consumer.run() }
            for key in 0..<keys {
                group.addTask { await cancelWhenGracefulShutdown { await produce("\(name)-\(key)") } }
            }
            try await group.waitForAll()
        }
    }

    private func produce(_ key: String) async {
        var number = 0
        while !Task.isCancelled {
            number += 1
            let message = NewMessage(queue: Self.queueName, key: key, payload: Array("\(number)".utf8))
            do {
                _ = try await queue.enqueue(message)
                journal("E \(key) \(number)")
            } catch {
                journal("U \(key) \(number)")
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
