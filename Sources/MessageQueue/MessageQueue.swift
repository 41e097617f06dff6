package import Logging
package import Postgres
import Synchronization

/// Queues of messages in PostgreSQL: durable, in order within a key, each message held by one consumer at a time.
///
/// ## A message's life
///
/// *Enqueue* appends the document to `queue.message`, where it is never updated, and a narrow row to `queue.state`. A
/// *claim* takes a *lease* on the rows at the front, counts the attempt and commits both before anybody sees the
/// message. The holder *renews* the lease while it works and reports one outcome: *acknowledge* deletes the state row,
/// *retry* lets it wait, *dead-letter* moves it to `queue.dead_letter`, from where *replay* brings it back. Each
/// outcome leaves a line in `queue.history`. ``Shelf`` draws the states.
///
/// ## What holds
///
/// 1. **Enqueued means durable.** ``enqueue(_:)-(NewMessage)`` returns after the commit. ``enqueue(_:in:)`` takes part
///    in the caller's transaction.
/// 2. **Delivered at least once.** Rescue is by a lease that ran out and nothing else. A report under a lost lease is
///    refused by its *fence*, a number that rises with each claim.
/// 3. **One at a time and in order within a key**, on any number of nodes; see below.
/// 4. **A message cannot stop the rest.** One that fails waits and then dead-letters; one that kills its holder is set
///    aside when ``QueuePolicy/maximumLost`` leases were lost, and meanwhile is handed out alone (``Shelf/suspect``).
///
/// ## Order within a key
///
/// *What holds:* of a queue's messages with equal keys, each is claimed only when all that were committed before it are
/// gone from `queue.state`: acknowledged, cancelled or dead-lettered. Not the id decides but the commit. A message that
/// is in somebody's hands or waits for its retry holds back its own key, and no other.
///
/// *Method:* per key exactly the oldest live message, its head, stands on a shelf that claims look at; the others stand
/// ``Shelf/behind``. Whoever adds a message of a key or takes one away first takes the key's ``OrderLock``, an advisory
/// lock that PostgreSQL releases after the commit. Under it, an enqueuer draws the message's place from a sequence and
/// puts it behind if the key has a live message; whoever takes the head away brings the next in place order to where
/// claims look.
///
/// *Proof:*
/// - (a) Changes to one key's list happen one after the other. PostgreSQL makes a commit visible before it releases the
///   transaction's locks (`CommitTransaction` in `src/backend/access/transam/xact.c`), and the statement that changes
///   the list begins after the one that waited for the lock; so it sees the list as the last change left it.
/// - (b) So places of one key rise in the order of commits: a place is drawn under the lock, and the next holder of the
///   lock draws a later one. A replay draws a new place in the same way.
/// - (c) So each change keeps the invariant that exactly the row of lowest place is not behind: an addition to an empty
///   list is the head, to another list it is behind and its place is the highest; a removal of the head is followed, in
///   the same statement, by the advance of the lowest of the rest; leases, retries and losses move no row to or from
///   behind.
/// - (d) A claim, which needs no order lock, takes rows that are not behind, each under its row lock, once. What it
///   takes is the oldest live message of its key, and stays so until its outcome is committed.
///
/// A lock costs about a microsecond, is held only by writers of the same key, and leaves nothing behind: no row per
/// key. Keys are compared by a 64-bit hash; keys that collide merely wait for each other.
///
/// ## Limits
///
/// A ``QueuePolicy`` says how often a message is tried, how long it is worth delivering, how fast messages go, how many
/// are in hand, and when the queue is left alone because whoever it sends to does not answer. Policies lie in
/// PostgreSQL, in two layers: what the installation configures (``publishPolicies()``) and what an operator sets over
/// it (``setPolicy(of:_:)``). Whoever claims reads them anew several times a second.
///
/// A queue with a rate, a limit on concurrency or a ``CircuitBreaker`` has a ``Gate``: how many may go at this moment,
/// for all nodes together. A claim from it reads the gate under a lock, decides by a pure value, claims so many, and
/// leaves the gate for the next. Other queues have none and pay nothing.
///
/// ## What is kept, and for how long
///
/// Documents and history are written to the *era* of their time, a partition, and dropped with it as a whole
/// (``retire(olderThan:)``). So nothing is deleted row by row where the bytes are, and what must stay, a live message
/// or a dead letter, is carried over into the era that is written to.
///
/// ## Long transactions
///
/// A session that holds a snapshot for an hour (a report, a dump) keeps every row that was deleted meanwhile. Three
/// things would walk over those: a claim, which starts at a floor instead (``ClaimPlan``); the look at a key's live
/// messages, which begins at the youngest; and the gate, of which only the last row is read. The state table grows as
/// long as the snapshot is held, by a hundred bytes or so a message; the documents do not.
///
/// ## Back-pressure
///
/// Whoever enqueues waits for a commit; more than ``Configuration/maximumWaiting`` are refused, and all are when the
/// disk is nearly full. A consumer has no more in hand than its bounds say. Nothing else buffers.
///
/// ## Waking
///
/// Enqueuers wake the consumers of their process directly. ``QueueWaker`` tells other nodes by NOTIFY, at most once per
/// `wakeInterval` and never in an enqueuing transaction, where NOTIFY would make all commits of the cluster go one by
/// one. Both are hints: a consumer also looks every so often by itself.
///
/// ## Plans
///
/// The state table is empty one moment and holds a million rows the next, and a plan made for the one is a disaster for
/// the other. So each statement on it runs under planner settings that leave only index scans and nested loops, which
/// is right at any size (``PlannerSettings``).
package struct MessageQueue: Sendable {
    /// What a node may choose.
    package struct Configuration: Sendable {
        /// Policies by queue. A queue not named here has the policy of its first part (`out` for `out.derby_homes`), or
        /// the default.
        package var policies: [String: QueuePolicy] = [:]
        /// The policy of every other queue.
        package var defaultPolicy = QueuePolicy()
        /// Messages that share one commit at most. Defaults to 128.
        package var enqueueBatch = 128
        /// Enqueuing transactions at once. Two keep both the disk and the processor busy. Defaults to 2.
        package var enqueueLanes = 2
        /// Callers of ``MessageQueue/enqueue(_:)-(NewMessage)`` that may wait; more are refused, before memory grows.
        /// Defaults to 10,000.
        package var maximumWaiting = 10_000
        /// The least time between two notifications to the other nodes. Defaults to 50 ms.
        package var wakeInterval = Duration.milliseconds(50)

        /// A folder on the disk that holds the database, where that is on this machine. `nil`, the default, leaves
        /// watching the disk to others.
        package var storeFolder: String?
        /// Bytes that must be free on that disk for messages to be taken in. Defaults to 512 MiB: enough for what is on
        /// its way to be finished.
        package var leastFreeBytes = 512 << 20

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

    private(set) var database: Database
    let configuration: Configuration
    let logger: Logger
    let board: WakeBoard
    let shared: Shared
    private var enqueuer: Coalescer<NewMessage, MessageID>
    private let disk: DiskGauge?

    /// What all copies of the value share.
    final class Shared: Sendable {
        let nodeName: String
        let node = Mutex<Int32?>(nil)
        let plans = Mutex<[String: ClaimPlan]>([:])
        /// Queues that are known to be committed.
        let knownQueues = Mutex<Set<String>>([])
        let policies: PolicyBoard
        let meters = Meters()

        init(nodeName: String, configuration: Configuration) {
            self.nodeName = nodeName
            policies = PolicyBoard(configuration)
        }
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
        disk = configuration.storeFolder.map { DiskGauge(folder: $0, least: configuration.leastFreeBytes) }
        let board = WakeBoard()
        let shared = Shared(nodeName: node, configuration: configuration)
        self.board = board
        self.shared = shared
        enqueuer = Self.enqueuer(on: database, configuration)
    }

    /// The same queue, whose statements run as another role of the database; whoever enqueues as the one wakes consumers of
    /// the other.
    package func acting(as role: DatabaseRole) -> MessageQueue {
        var copy = self
        copy.database = database.acting(as: role)
        copy.enqueuer = Self.enqueuer(on: copy.database, configuration)
        return copy
    }

    private static func enqueuer(
        on database: Database, _ configuration: Configuration
    ) -> Coalescer<NewMessage, MessageID> {
        Coalescer(
            on: database, isolation: nil, maxBatch: configuration.enqueueBatch, lanes: configuration.enqueueLanes,
            maximumWaiting: configuration.maximumWaiting,
            mayRepeat: { ($0 as? PostgresError)?.provesNoEffect ?? false }
        ) { try EnqueueStatement.run($0, on: $1) }
    }

    // MARK: Enqueue

    /// Enqueues one message and returns when it is durable.
    ///
    /// Concurrent callers share a commit. If the call throws a lost connection or a deadline, the message may or may
    /// not be there.
    package func enqueue(_ message: NewMessage) async throws -> MessageID {
        try message.validate()
        try disk?.check()
        if !shared.knownQueues.withLock({ $0.contains(message.queue) }) { try await declare([message.queue]) }
        let id = try await enqueuer.submit(message)
        shared.meters.note(message.queue) { $0.enqueued += 1 }
        wake(message.queue)
        return id
    }

    /// Enqueues all messages in one transaction, or none, and returns their ids in the same order when they are
    /// durable.
    package func enqueue(_ messages: [NewMessage]) async throws -> [MessageID] {
        guard !messages.isEmpty else { return [] }
        for message in messages { try message.validate() }
        try disk?.check()
        try await declare(messages.map(\.queue))
        let chunks = EnqueueStatement.chunks(messages)
        let ids =
            chunks.count == 1
            ? try await database.read { try EnqueueStatement.run(messages, on: $0) }
            : try await database.transaction { connection in
                try chunks.flatMap { try EnqueueStatement.run($0, in: connection) }
            }
        count(messages)
        for queue in Set(messages.map(\.queue)) { wake(queue) }
        return ids
    }

    /// Enqueues within the caller's transaction: the messages are there if and when it commits. Then call ``wake(_:)``.
    ///
    /// Holds a lock on each message's key until the transaction ends, so do it late and end soon. Two transactions that
    /// enqueue under the same keys in different calls and orders may deadlock: PostgreSQL ends one of them with 40P01.
    package func enqueue(_ messages: [NewMessage], in connection: Connection) throws -> [MessageID] {
        for message in messages { try message.validate() }
        try disk?.check()
        let unknown = Set(messages.map(\.queue)).subtracting(shared.knownQueues.withLock { $0 })
        // Not remembered as known: this transaction may yet be rolled back.
        if !unknown.isEmpty { try EnqueueStatement.declare(unknown, on: connection) }
        let ids = try EnqueueStatement.chunks(messages).flatMap { try EnqueueStatement.run($0, in: connection) }
        count(messages)
        return ids
    }

    private func count(_ messages: [NewMessage]) {
        for (queue, ofQueue) in Dictionary(grouping: messages, by: \.queue) {
            shared.meters.note(queue) { $0.enqueued += ofQueue.count }
        }
    }

    /// Makes sure that the queues exist, so that they can be paused and show in statistics before their first message.
    ///
    /// Best done at start for all queues that ``enqueue(_:in:)`` will use: a queue made within a caller's transaction
    /// makes others that enqueue to it for the first time wait for that transaction's end.
    package func declare(_ queues: some Collection<String> & Sendable) async throws {
        let unknown = Set(queues).subtracting(shared.knownQueues.withLock { $0 })
        guard !unknown.isEmpty else { return }
        for queue in unknown { try QueueName.validate(queue) }
        try await database.read { try EnqueueStatement.declare(unknown, on: $0) }
        shared.knownQueues.withLock { $0.formUnion(unknown) }
    }

    /// Wakes the queue's consumers: those of this process at once, those of other nodes within the wake interval if a
    /// ``QueueWaker`` runs.
    package func wake(_ queue: String) { board.wake(queue) }
}
