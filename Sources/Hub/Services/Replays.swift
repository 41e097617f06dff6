import CaseStore
import Logging
import MessageQueue
import Postgres

/// Brings dead letters back to their queues, and has the shares and extracts that they stand for wait again; those are judged
/// again when they are sent.
///
/// What is asked for on a page begins after ``patience``, so that it can be undone, and goes in parts of ``part``, so that it
/// can be stopped, keeps those who enqueue waiting for no longer than one part takes, and goes on where it was after a crash.
struct Replays: Sendable {
    /// How long one that was asked for can be undone before anything of it is done.
    static let patience: Duration = .seconds(10)
    /// Letters that are brought back in one transaction.
    static let part = 1_000
    /// How long it is remembered what was asked for and became of it.
    static let kept: Duration = .seconds(30 * 86_400)

    private let installation: Installation

    /// What staff bring back is brought back as staff's function, whichever process does it.
    init(_ installation: Installation) { self.installation = installation.acting(as: .console) }

    // MARK: At once

    /// Brings a selection back now, in one transaction.
    ///
    /// - Returns: how many were brought back
    func replay(_ selection: DeadLetterSelection) async throws -> Int {
        let replayed = try await installation.database.transaction {
            try bringBack(selection, by: "hub", in: $0).replayed
        }
        return wake(replayed)
    }

    // MARK: Later

    /// Asks for dead letters to be brought back: one, or all that are in a group now.
    ///
    /// - Parameter message: The one; nil is the group.
    /// - Returns: The replay, of which there is one at a time; nil where there is nothing to bring back.
    func ask(
        of queue: String, fingerprint: Int64, message: MessageID?, by actor: String,
        after wait: Duration = Self.patience
    ) async throws -> UUIDValue? {
        try await installation.database.transaction { [store = installation.store] connection in
            try store.askReplay(
                of: queue, fingerprint: fingerprint, message: message?.rawValue, after: wait, by: actor, in: connection)
        }
    }

    /// Undoes a replay that has not begun, or stops one between two parts.
    ///
    /// - Returns: Whether it had not ended.
    @discardableResult
    func cancel(_ id: UUIDValue, by actor: String) async throws -> Bool {
        try await installation.database.transaction { [store = installation.store] in
            try store.cancelReplay(id, by: actor, in: $0)
        }
    }

    /// Those that are to be carried out now.
    func due() async throws -> [UUIDValue] {
        try await installation.database.read { [store = installation.store] in try store.dueReplays(in: $0) }
    }

    /// Carries out the next part of a replay that is due; what it brings back and how far it says that it is are committed
    /// together.
    ///
    /// - Returns: Whether it did: not where another node has it in hand, or it has ended.
    func advance(_ id: UUIDValue, part: Int = Self.part) async throws -> Bool {
        let replayed = try await installation.database.transaction { [store = installation.store] connection in
            guard let replay = try store.takeReplay(id, in: connection) else { return [String: Int]?.none }
            // What dies from now on is not what was meant, least of all what was brought back and died again.
            let selection = DeadLetterSelection(
                messages: replay.message.map { [MessageID(rawValue: $0)] }, queue: replay.queue,
                fingerprint: replay.fingerprint, diedBy: replay.askedAt, limit: part)
            let (found, replayed) = try bringBack(selection, by: replay.askedBy, in: connection)
            try store.advanceReplay(
                id, by: replayed.values.reduce(0, +), isDone: found < part || replay.message != nil, in: connection)
            return replayed
        }
        guard let replayed else { return false }
        wake(replayed)
        return true
    }

    /// Enters that a part of a replay failed.
    ///
    /// - Returns: Whether it is given up.
    func fail(_ id: UUIDValue) async throws -> Bool {
        try await installation.database.transaction { [store = installation.store] in
            try store.failReplay(id, in: $0)
        }
    }

    // MARK: Both

    /// - Returns: how many letters were found, and how many of them were brought back, by queue
    private func bringBack(
        _ selection: DeadLetterSelection, by actor: String, in connection: Connection
    ) throws -> (found: Int, replayed: [String: Int]) {
        let (queue, store) = (installation.queue, installation.store)
        let letters = try queue.deadLetters(selection, in: connection)
        guard !letters.isEmpty else { return (0, [:]) }
        let sent = letters.filter { $0.queue != Intake.queueName }.compactMap(\.correlation)
        let shares = try store.reopen(sent, by: actor, in: connection)
        try store.reopen(extracts: sent.filter { !shares.contains($0) }, by: actor, in: connection)
        try store.finishItems(ofDeadLetters: letters.map(\.messageID.rawValue), by: actor, in: connection)
        // Exactly those that were looked at, whatever has died since; reopened and raised together, so that no moment
        // shows the one without the other.
        let looked = DeadLetterSelection(messages: letters.map(\.messageID), limit: letters.count)
        return (letters.count, try queue.replay(looked, in: connection))
    }

    @discardableResult
    private func wake(_ replayed: [String: Int]) -> Int {
        for queue in replayed.keys { installation.queue.wake(queue) }
        return replayed.values.reduce(0, +)
    }
}
