package import Postgres
import Synchronization

/// Gathers concurrent callers so that they share one round trip and one commit.
///
/// Each caller hands in one item and waits for its own result. Whoever waits when a lane falls free goes together, so a
/// batch forms exactly while the lanes are busy: a lone caller is never held up. A caller returns after the body has,
/// so what the body made durable is durable when ``submit(_:)`` returns.
///
/// A lane is a turn of a connection's own thread, which goes from batch to batch as long as somebody waits, so that
/// neither a lone caller nor a batch passes through another task.
///
/// If a body fails for a batch, its items are tried one by one, so that one bad item does not fail its neighbours. Not
/// so after the loss of a connection: then nobody knows whether the batch was committed, and each caller is told.
package final class Coalescer<Item: Sendable, Result: Sendable>: Sendable {
    /// Does the work for a batch and returns one result per item, in order.
    package typealias Body = @Sendable ([Item], Connection) throws -> [Result]

    private struct Waiting {
        let ticket: UInt64
        let item: Item
        let since: ContinuousClock.Instant
        let continuation: CheckedContinuation<Result, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var busyLanes = 0
        /// Whether somebody looks after those who wait for a crowd.
        var isWatched = false
        var lastTicket: UInt64 = 0
    }

    private enum Admission {
        case waits
        /// Waits for a crowd, and is the first to do so.
        case waitsToBeWatched
        case waitsInNewLane
        case refused(any Error)
    }

    /// How long anybody waits beside a busy lane while another could be opened.
    private static var patience: Duration { .milliseconds(20) }

    private let state = Mutex(State())
    private let database: Database
    private let isolation: Isolation?
    private let maxBatch: Int
    private let lanes: Int
    private let crowd: Int
    private let maximumWaiting: Int
    private let mayRepeat: @Sendable (any Error) -> Bool
    private let body: Body

    /// - Parameters:
    ///   - database: lends the lanes their connections
    ///   - isolation: of the transaction round each call of the body; nil for none, where each statement commits by itself
    ///   - maxBatch: the most items of one call of the body
    ///   - lanes: the most calls of the body at once; two keep both the disk and the processor busy
    ///   - crowd: how many must wait before a lane opens beside a busy one, unless one of them has waited for
    ///     ``patience``. Defaults to 1. More makes batches larger where a batch costs much and its items little
    ///   - maximumWaiting: callers beyond this are refused with ``QueueError/tooManyWaiting(limit:)``
    ///   - mayRepeat: whether an error proves that the batch had no effect. By default an error of PostgreSQL must say
    ///     so itself, unless it is one of reading a transaction's results; any other does
    ///   - body: the work
    package init(
        on database: Database, isolation: Isolation? = .readCommitted, maxBatch: Int = 128, lanes: Int = 2,
        crowd: Int = 1, maximumWaiting: Int = 10_000, mayRepeat: (@Sendable (any Error) -> Bool)? = nil,
        body: @escaping Body
    ) {
        precondition(maxBatch > 0 && lanes > 0 && crowd > 0 && maximumWaiting > 0, "a coalescer's bounds are positive")
        self.database = database
        self.isolation = isolation
        self.maxBatch = maxBatch
        self.lanes = lanes
        self.crowd = crowd
        self.maximumWaiting = maximumWaiting
        self.mayRepeat =
            mayRepeat ?? { error in
                guard let error = error as? PostgresError else { return true }
                return error.provesNoEffect || isolation != nil && error.reason == .decoding
            }
        self.body = body
    }

    /// Callers whose items are in no batch yet.
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Waits until the item's batch is done and returns the item's own result.
    ///
    /// A caller that is cancelled while its item still waits gets `CancellationError`, and the item never runs. Once
    /// the item is in a batch its fate is the batch's, so the caller waits for it and learns it.
    package func submit(_ item: Item) async throws -> Result {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let admission = state.withLock { state -> Admission in
                    // Checked under the lock: a cancellation either shows here or finds the item below.
                    if Task.isCancelled { return .refused(CancellationError()) }
                    if state.waiting.count >= maximumWaiting {
                        return .refused(QueueError.tooManyWaiting(limit: maximumWaiting))
                    }
                    state.waiting.append(
                        Waiting(ticket: ticket, item: item, since: .now, continuation: continuation))
                    guard state.busyLanes < lanes else { return .waits }
                    if state.busyLanes == 0 || state.waiting.count >= crowd {
                        state.busyLanes += 1
                        return .waitsInNewLane
                    }
                    guard !state.isWatched else { return .waits }
                    state.isWatched = true
                    return .waitsToBeWatched
                }
                switch admission {
                case .waits: break
                case .waitsInNewLane: openLane()
                // Unstructured because it looks after many callers; it ends when nobody waits.
                case .waitsToBeWatched: Task { await self.watch() }
                case .refused(let error): continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            let withdrawn = state.withLock { state in
                state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
            }
            withdrawn?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Opens a lane for those who have waited long beside a batch that takes its time.
    private func watch() async {
        while true {
            try? await Task.sleep(for: Self.patience)
            let (opens, goesOn) = state.withLock { state -> (Bool, Bool) in
                let isLate = state.waiting.first.map { ContinuousClock.now - $0.since >= Self.patience } ?? false
                let opens = isLate && state.busyLanes < lanes
                if opens { state.busyLanes += 1 }
                state.isWatched = !state.waiting.isEmpty && state.busyLanes < lanes
                return (opens, state.isWatched)
            }
            if opens { openLane() }
            guard goesOn else { return }
        }
    }

    private func openLane() {
        database.post { [self] connection in
            switch connection {
            case .success(let connection):
                repeat {
                    let batch = takeBatch()
                    guard !batch.isEmpty else { return }
                    run(batch, on: connection)
                } while !connection.isBroken && !database.isWaitedFor
            case .failure(let error):
                for waiting in takeBatch() { waiting.continuation.resume(throwing: error) }
            }
        } after: { [self] in
            // Only now, with the connection back in the pool: who came meanwhile finds it there.
            let goesOn = state.withLock { state in
                if state.waiting.isEmpty { state.busyLanes -= 1 }
                return !state.waiting.isEmpty
            }
            if goesOn { openLane() }
        }
    }

    private func takeBatch() -> [Waiting] {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(maxBatch))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    private func results(of batch: some Collection<Waiting>, on connection: Connection) throws -> [Result] {
        let items = batch.map(\.item)
        let results =
            if let isolation {
                try connection.transaction(isolation) { try body(items, $0) }
            } else {
                try body(items, connection)
            }
        precondition(results.count == items.count, "the body returns one result per item")
        return results
    }

    private func run(_ batch: [Waiting], on connection: Connection) {
        do {
            let results = try results(of: batch, on: connection)
            for (waiting, result) in zip(batch, results) { waiting.continuation.resume(returning: result) }
        } catch  where batch.count > 1 && mayRepeat(error) {
            var rest = batch[...]
            while let waiting = rest.popFirst() {
                do {
                    let results = try results(of: CollectionOfOne(waiting), on: connection)
                    waiting.continuation.resume(returning: results[0])
                } catch {
                    waiting.continuation.resume(throwing: error)
                    guard !mayRepeat(error) else { continue }
                    // The rest never ran; without a database each would only wait to learn the same.
                    for waiting in rest { waiting.continuation.resume(throwing: error) }
                    return
                }
            }
        } catch {
            for waiting in batch { waiting.continuation.resume(throwing: error) }
        }
    }
}
