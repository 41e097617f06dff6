import CaseStore
import Console
import MessageQueue
import Postgres
import Referral
import Translation

/// Reads what was set aside, and what staff have noted of it and had tried again, for the console's pages. Nothing of it is
/// sealed.
struct DeadLetterReader: Sendable {
    /// Letters on one page of a group.
    static let letters = 20
    /// Replays on the page of their group.
    private static let replays = 5

    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation.acting(as: .audit) }

    /// The groups of one queue, or of all.
    func groups(of queue: String?) async throws -> [CauseGroup] {
        let groups = try await installation.queue.deadLetterGroups(queue: queue)
        guard !groups.isEmpty else { return [] }
        let notes = try await installation.database.read { [store = installation.store] in
            try store.deadLetterNotes(of: queue, in: $0)
        }
        let places = Dictionary(uniqueKeysWithValues: notes.map { (Place($0.queue, $0.fingerprint), $0) })
        return groups.map { described($0, places[Place($0.queue, $0.fingerprint)]) }
    }

    /// One group, its letters from a place on.
    ///
    /// - Returns: Nil where nothing was ever set aside, noted or tried again by these names.
    func page(
        of queue: String, fingerprint: Int64, from place: DeadLetterPlace? = nil
    ) async throws -> CausePage? {
        let group = try await installation.queue.deadLetterGroups(queue: queue, fingerprint: fingerprint).first
        let (note, replays) = try await installation.database.read { [store = installation.store] connection in
            (
                try store.deadLetterNotes(of: queue, fingerprint: fingerprint, in: connection).first,
                try store.replays(of: queue, fingerprint: fingerprint, limit: Self.replays, in: connection)
            )
        }
        guard group != nil || note != nil || !replays.isEmpty else { return nil }
        // One more tells whether there are more.
        let letters = try await installation.queue.latestDeadLetters(
            of: queue, fingerprint: fingerprint, after: place, limit: Self.letters + 1)
        let shown = letters.prefix(Self.letters)
        return CausePage(
            queue: queue, queueName: words(ofQueue: queue), fingerprint: fingerprint,
            group: group.map { described($0, note) }, owner: note?.owner.map(Self.account),
            note: note.map {
                .init(text: $0.note, changedBy: Self.account($0.changedBy), changedAt: Instant($0.changedAt))
            },
            letters: shown.map { letter in
                .init(
                    id: letter.messageID.description, about: letter.correlation?.description,
                    diedAt: Instant(letter.diedAt), attempts: letter.attempts)
            },
            isFirst: place == nil,
            next: letters.count > Self.letters ? shown.last.map { DeadLetterPlace($0).words } : nil,
            replays: replays.map(progress))
    }

    func replay(_ id: UUIDValue) async throws -> ReplayProgress? {
        try await installation.database.read { [store = installation.store] in try store.replay(id, in: $0) }
            .map(progress)
    }

    /// A queue in words.
    func words(ofQueue queue: String) -> String {
        let name = QueueNames(installation.partners).name(of: queue)
        return QueueNames.isToPartner(queue) ? "Messages to \(name)" : name
    }

    private func described(_ group: DeadLetterGroup, _ note: DeadLetterNote?) -> CauseGroup {
        CauseGroup(
            queue: group.queue, queueName: words(ofQueue: group.queue), fingerprint: group.fingerprint,
            code: group.cause.code, text: group.cause.text, count: group.count, firstDied: Instant(group.firstDied),
            lastDied: Instant(group.lastDied), owner: note?.owner.map(Self.account),
            hasNote: note?.note.isEmpty == false)
    }

    private func progress(_ replay: Replay) -> ReplayProgress {
        let state: ReplayProgress.State =
            switch replay.state {
            case .waiting: .waiting
            case .running: .running
            case .done: .done
            case .cancelled: .cancelled
            case .failed: .failed
            }
        return ReplayProgress(
            id: replay.id.description, queue: replay.queue, queueName: words(ofQueue: replay.queue),
            fingerprint: replay.fingerprint, code: replay.cause, isOfWholeGroup: replay.message == nil, state: state,
            askedAt: Instant(replay.askedAt), beginsAt: Instant(replay.beginsAt),
            endedAt: replay.endedAt.map { Instant($0) }, askedBy: Self.account(replay.askedBy),
            cancelledBy: replay.cancelledBy.map(Self.account), wanted: replay.wanted, replayed: replay.replayed)
    }

    /// An account by its own name, without what sets it apart from partners on the ledger.
    private static func account(_ id: String) -> String {
        let mark = "\(StaffSessions.system)/"
        return id.hasPrefix(mark) ? String(id.dropFirst(mark.count)) : id
    }

    private struct Place: Hashable {
        let queue: String
        let fingerprint: Int64

        init(_ queue: String, _ fingerprint: Int64) {
            self.queue = queue
            self.fingerprint = fingerprint
        }
    }
}

extension DeadLetterPlace {
    /// As it stands in an address: its time in microseconds, and its message.
    var words: String { "\(diedAt.microseconds)-\(messageID.rawValue)" }

    /// A place as ``words`` writes it; nil for anything else.
    init?(words: String) {
        let parts = words.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), let message = MessageID(String(parts[1])) else {
            return nil
        }
        self.init(diedAt: Timestamp(microseconds: time), messageID: message)
    }
}
