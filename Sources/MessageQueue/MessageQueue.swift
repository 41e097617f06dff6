package import Logging
package import Postgres
import Synchronization

/// Queues of messages in PostgreSQL: durable, in order within a key, each message held by one consumer at a time.
///
/// ## A message's life
///
/// *Enqueue* appends the document to `queue.message`, which is never updated, and a narrow row to `queue.state`. A *claim* takes
/// a *lease* on the rows at the front, counts the attempt and commits both before anybody sees the message. The holder *renews*
/// the lease while it works and reports one outcome: *acknowledge* deletes the state row, *retry* lets it wait, *dead-letter*
/// moves it to `queue.dead_letter`, from where *replay* brings it back. Each outcome leaves a line in `queue.history`. ``Shelf``
/// draws the states.
///
/// ## What holds
///
/// 1. **Enqueued means durable.** ``enqueue(_:)-(NewMessage)`` returns after the commit. ``enqueue(_:in:)`` takes part in the caller's transaction.
/// 2. **Delivered at least once.** Rescue is by a lease that ran out and nothing else. A report under a lost lease is refused by
///    its *fence*, a number that rises with each claim.
/// 3. **One at a time and in order within a key**, on any number of nodes; see below.
/// 4. **A message cannot stop the rest.** One that fails waits and then dead-letters; one that kills its holder is set aside when
///    ``QueuePolicy/maximumLost`` leases were lost, and meanwhile is handed out alone (``Shelf/suspect``).
///
/// ## Order within a key
///
/// *Claim:* of a queue's messages with equal keys, each is claimed only when all that were committed before it are gone from
/// `queue.state`: acknowledged, cancelled or dead-lettered. Not the id decides but the commit.
///
/// *Method:* an enqueuing transaction first takes an advisory lock per key, held until after its commit, and only then draws the
/// messages' places from a sequence. The claim takes a row only if no live row of its key has a lower place.
///
/// *Proof:*
/// - (a) Two transactions that enqueue under one key hold the same lock, so one draws its places after the other has ended;
///   PostgreSQL makes a commit visible before it releases the transaction's locks (`CommitTransaction` in
///   `src/backend/access/transam/xact.c`). So within a key, places rise in the order of commits, and a snapshot that sees a
///   place sees every lower one of its key that was ever committed.
/// - (b) So once a row of place *p* is visible, rows of its key below *p* can only disappear. A replay does not break this: it
///   draws a new place, under the same lock.
/// - (c) A claim that finds no live row below *p* therefore can rely on it, even under a snapshot that is already old; and a
///   leased row is still a live row, so the successors of a message in somebody's hands, waiting for its retry, or locked by a
///   claim not yet committed, are not claimed. Whether *p* itself is free is decided under its row lock.
///
/// The lock costs about a microsecond per key, is held only by writers of the same key, and needs no row per key. A call with more
/// than ``maximumKeyLocks`` keys takes one lock for the whole queue instead, which everybody else holds shared, so that the
/// server's lock table cannot overflow. Keys are compared by a 64-bit hash: keys that collide merely wait for each other.
///
/// ## Waking
///
/// Enqueuers wake the consumers of their process directly. ``QueueWaker`` tells other nodes by NOTIFY, at most once per
/// `wakeInterval` and never in an enqueuing transaction, where NOTIFY would make all commits of the cluster go one by one. Both are
/// hints: a consumer also looks every so often by itself.
///
/// ## Plans
///
/// The state table is empty one moment and holds a million rows the next, and a plan made for the one is a disaster for the other.
/// So each statement on it runs under planner settings that leave only index scans and nested loops, which is right at any size
/// (``PlannerSettings``).
package struct MessageQueue: Sendable {
    /// What a node may choose.
    package struct Configuration: Sendable {
        /// Policies by queue. A queue not named here has the policy of its first part (`out` for `out.derby_homes`), or the default.
        package var policies: [String: QueuePolicy] = [:]
        /// The policy of every other queue.
        package var defaultPolicy = QueuePolicy()
        /// Messages that share one commit at most. Defaults to 128.
        package var enqueueBatch = 128
        /// Enqueuing transactions at once. Two keep both the disk and the processor busy. Defaults to 2.
        package var enqueueLanes = 2
        /// Callers of ``MessageQueue/enqueue(_:)-(NewMessage)`` that may wait; more are refused, before memory grows. Defaults to 10,000.
        package var maximumWaiting = 10_000
        /// The least time between two notifications to the other nodes. Defaults to 50 ms.
        package var wakeInterval = Duration.milliseconds(50)

        /// The defaults stated at each property.
        package init() {}

        /// What makes no sense in it, each with the rule; empty when all is well.
        package var problems: [String] {
            var problems = defaultPolicy.problems.map { "default policy: \($0)" }
            for (queue, policy) in policies.sorted(by: { $0.key < $1.key }) {
                problems += policy.problems.map { "queue \(queue): \($0)" }
            }
            if enqueueBatch < 1 || enqueueBatch > 1_000 { problems.append("enqueue batch \(enqueueBatch): 1 to 1000") }
            if enqueueLanes < 1 || enqueueLanes > 16 { problems.append("enqueue lanes \(enqueueLanes): 1 to 16") }
            if maximumWaiting < 1 { problems.append("waiting callers \(maximumWaiting): at least 1") }
            if wakeInterval < .milliseconds(1) { problems.append("wake interval \(wakeInterval): at least 1 ms") }
            return problems
        }

        /// The policy of a queue.
        package func policy(of queue: String) -> QueuePolicy {
            policies[queue] ?? queue.split(separator: ".").first.flatMap { policies[String($0)] } ?? defaultPolicy
        }
    }

    /// Keys that one call locks one by one at most; see the order within a key.
    static let maximumKeyLocks = 256

    let database: Database
    let configuration: Configuration
    let logger: Logger
    let board: WakeBoard
    let shared: Shared
    private let enqueuer: Coalescer<NewMessage, MessageID>

    /// What all copies of the value share.
    final class Shared: Sendable {
        let nodeName: String
        let node = Mutex<Int32?>(nil)
        let plans = Mutex<[String: ClaimPlan]>([:])
        /// Queues that are known to be committed.
        let knownQueues = Mutex<Set<String>>([])

        init(nodeName: String) { self.nodeName = nodeName }
    }

    /// A queue on a migrated database.
    ///
    /// - Parameters:
    ///   - node: a name for this process in the history, such as the host's; each start gets a number of its own
    ///   - configuration: must have no ``Configuration/problems``
    package init(
        database: Database, node: String, configuration: Configuration = Configuration(),
        logger: Logger = Logger(label: "queue")
    ) {
        precondition(configuration.problems.isEmpty, configuration.problems.joined(separator: "; "))
        self.database = database
        self.configuration = configuration
        self.logger = logger
        let board = WakeBoard()
        let shared = Shared(nodeName: node)
        self.board = board
        self.shared = shared
        enqueuer = Coalescer(
            maxBatch: configuration.enqueueBatch, lanes: configuration.enqueueLanes,
            maximumWaiting: configuration.maximumWaiting
        ) { messages in
            try await database.read { try EnqueueStatement.run(messages, on: $0) }
        }
    }

    /// The policy of a queue on this node.
    package func policy(of queue: String) -> QueuePolicy { configuration.policy(of: queue) }

    // MARK: Enqueue

    /// Enqueues one message and returns when it is durable.
    ///
    /// Concurrent callers share a commit. If the call throws a lost connection or a deadline, the message may or may not be there.
    package func enqueue(_ message: NewMessage) async throws -> MessageID {
        try message.validate()
        if !shared.knownQueues.withLock({ $0.contains(message.queue) }) { try await declare([message.queue]) }
        let id = try await enqueuer.submit(message)
        wake(message.queue)
        return id
    }

    /// Enqueues all messages in one transaction, or none, and returns their ids in the same order when they are durable.
    package func enqueue(_ messages: [NewMessage]) async throws -> [MessageID] {
        let ids = try await database.transaction { try enqueue(messages, in: $0) }
        for queue in Set(messages.map(\.queue)) { wake(queue) }
        return ids
    }

    /// Enqueues within the caller's transaction: the messages are there if and when it commits. Then call ``wake(_:)``.
    ///
    /// Holds a lock on each message's key until the transaction ends, so do it late and end soon. Two transactions that
    /// enqueue under the same keys in different calls and orders may deadlock: PostgreSQL ends one of them with 40P01.
    package func enqueue(_ messages: [NewMessage], in connection: Connection) throws -> [MessageID] {
        for message in messages { try message.validate() }
        let unknown = Set(messages.map(\.queue)).subtracting(shared.knownQueues.withLock { $0 })
        // Not remembered as known: this transaction may yet be rolled back.
        if !unknown.isEmpty { try EnqueueStatement.declare(unknown, on: connection) }
        return try EnqueueStatement.chunks(messages).flatMap { try EnqueueStatement.run($0, on: connection) }
    }

    /// Makes sure that the queues exist, so that they can be paused and show in statistics before their first message.
    package func declare(_ queues: some Collection<String> & Sendable) async throws {
        let unknown = Set(queues).subtracting(shared.knownQueues.withLock { $0 })
        guard !unknown.isEmpty else { return }
        for queue in unknown { try QueueName.validate(queue) }
        try await database.read { try EnqueueStatement.declare(unknown, on: $0) }
        shared.knownQueues.withLock { $0.formUnion(unknown) }
    }

    /// Wakes the queue's consumers: those of this process at once, those of other nodes within the wake interval if a ``QueueWaker`` runs.
    package func wake(_ queue: String) { board.wake(queue) }
}
