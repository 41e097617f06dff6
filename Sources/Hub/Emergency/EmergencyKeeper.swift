import CaseStore
import EmergencyAccess
import Logging
import NIOPosix
import Postgres
import Referral
import ServiceLifecycle
import Synchronization

/// Keeps what the desk answers by as the database has it, within half a second, and on this node's disk; and brings the
/// looks of the journal to the database, once each, in the order in which they were.
final class EmergencyKeeper: Service {
    private let desk: EmergencyDesk
    private let journal: LookJournal
    private let snapshot: Mutex<SnapshotFile>
    /// Beside the snapshot, which is held while the disk is written.
    private let snapshotMark: Mutex<[UInt8]?>
    private let record: LookRecord
    private let logger: Logger

    init(
        desk: EmergencyDesk, journal: LookJournal, snapshot: SnapshotFile, record: LookRecord, logger: Logger
    ) {
        self.desk = desk
        self.journal = journal
        self.snapshot = Mutex(snapshot)
        snapshotMark = Mutex(snapshot.mark)
        self.record = record
        self.logger = logger
    }

    private static let interval = Duration.milliseconds(500)
    /// How old the snapshot's own time may be.
    private static let stamped = Duration.seconds(60)
    /// Looks that are brought in one transaction.
    private static let batch = 200
    private static let longestRest = 6.0

    /// What the snapshot does not have yet.
    private struct Unkept {
        var cards: [String: IndexedCard] = [:]
        var isTaken = false
        var isWhole = false
        var asOf: Timestamp?
    }

    private let unkept = Mutex(Unkept())

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.keepPicture() }
                group.addTask { await self.keepSnapshot() }
                group.addTask { await self.bringLooks() }
            }
        }
    }

    /// By which keys of the installation what is on this node's disk is wrapped.
    func held(at path: String) -> KeyKeeper.Held {
        let marks = [journal.mark, snapshotMark.withLock { $0 }].compactMap { $0 }
        return KeyKeeper.Held(path: path, marks: Set(marks).sorted { $0.lexicographicallyPrecedes($1) })
    }

    // MARK: The picture

    private func keepPicture() async {
        var mark: AccessCardMark?
        var isAway = false
        while !Task.isCancelled {
            do {
                mark = try await refresh(since: mark)
                if isAway { logger.notice("control rooms are answered by the database's picture again") }
                isAway = false
            } catch is CancellationError {
                return
            } catch {
                if !isAway {
                    logger.warning(
                        "control rooms are answered by the last picture of the database",
                        metadata: ["error": "\(error)"])
                }
                isAway = true
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// - Returns: The mark from which the next looks on.
    private func refresh(since mark: AccessCardMark?) async throws -> AccessCardMark {
        let now = Timestamp.now()
        // First, and by itself: a card that makes trouble lets nobody in who was shut out.
        let callers = try await record.database.read {
            [store = record.store, recipients = desk.recipients] connection in
            EmergencyCallers(
                partners: try store.partners(in: connection), certificates: try store.certificates(in: connection),
                keys: try store.clientKeys(in: connection), recipients: recipients, at: now)
        }
        let isOther = callers != desk.callers
        if let asOf = desk.asOf { desk.show(changed: [], gone: [], callers: callers, asOf: asOf) }
        let changes = try await record.database.read { [store = record.store] connection in
            try store.accessCardChanges(since: mark, in: connection)
        }
        var unreadable = changes.unreadable
        var cards: [IndexedCard] = []
        for card in changes.cards {
            if let read = IndexedCard(card) { cards.append(read) } else { unreadable.append(card.person) }
        }
        for person in unreadable {
            logger.error("an access card cannot be read, and is not told", metadata: ["person": "\(person)"])
        }
        if changes.isWhole {
            var index = CardIndex()
            for card in cards { index.insert(card) }
            desk.show(all: index, callers: callers, asOf: now)
        } else {
            // While a long transaction runs, the same changes are read again and again.
            cards = cards.filter { $0 != desk.card(of: $0.person) }
            let gone = (changes.gone + unreadable).map(\.description).filter { desk.card(of: $0) != nil }
            desk.show(changed: cards, gone: gone, callers: callers, asOf: now)
            unkept.withLock { $0.isTaken = $0.isTaken || !gone.isEmpty }
        }
        unkept.withLock { unkept in
            for card in cards { unkept.cards[card.person] = card }
            unkept.isWhole = unkept.isWhole || changes.isWhole || isOther
            unkept.asOf = now
        }
        return changes.mark
    }

    // MARK: The snapshot

    /// Writes what changed on this node's disk, beside the picture: a disk that is slow or full keeps nobody waiting.
    private func keepSnapshot() async {
        var written = ContinuousClock.now - Self.stamped
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            let isOld = written.duration(to: .now) > Self.stamped
            let news = unkept.withLock { unkept -> Unkept? in
                guard unkept.asOf != nil, isOld || unkept.isWhole || unkept.isTaken || !unkept.cards.isEmpty else {
                    return nil
                }
                defer { unkept = Unkept() }
                return unkept
            }
            guard let news, let asOf = news.asOf else { continue }
            written = .now
            do {
                try await NIOThreadPool.singleton.runIfActive { [self] in
                    try snapshot.withLock { snapshot in
                        let rest = [desk.callers.value, ["as_of": .number(String(asOf.microseconds))]]
                        if news.isWhole || news.isTaken || snapshot.isWorn {
                            try snapshot.write(desk.cards.map(\.value) + rest)
                            snapshotMark.withLock { $0 = snapshot.mark }
                        } else {
                            try snapshot.append(news.cards.values.map(\.value) + rest)
                        }
                    }
                }
            } catch {
                logger.error("the snapshot for control rooms cannot be written", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: The looks

    private func bringLooks() async {
        while !Task.isCancelled {
            do {
                var waiting = journal.fill.used
                while true {
                    let began = ContinuousClock.now
                    guard try await bringSome() >= Self.batch else { break }
                    let left = journal.fill.used
                    if left >= waiting { try await Task.sleep(for: began.duration(to: .now) * rest) }
                    waiting = left
                }
                try await journal.renewKey()
            } catch is CancellationError {
                return
            } catch {
                logger.warning("looks of control rooms wait in the journal", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(2))
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// How long to rest after a batch, by how long it took, where more looks came than were brought: to answer goes first,
    /// and they are safe where they are. The fuller the journal, the shorter the rest; from half of it on there is none.
    private var rest: Double { max(0, Self.longestRest * (1 - 2 * journal.written)) }

    /// - Returns: How many it brought.
    private func bringSome() async throws -> Int {
        let found = try await NIOThreadPool.singleton.runIfActive { [journal] in try journal.unmerged(limit: Self.batch)
        }
        guard let (written, unreadable, end) = found else { return 0 }
        let looks = written.compactMap { (try? StrictJSON.parse($0)).flatMap(EmergencyLook.init) }
        let lost = unreadable + written.count - looks.count
        if lost > 0 { logger.error("looks in the journal cannot be read", metadata: ["count": "\(lost)"]) }
        do {
            try await record.enter(looks)
        } catch let error as PostgresError where !error.isRetryable {
            // One that the database does not take keeps none of the others.
            for look in looks { try await enterAlone(look) }
        }
        try await journal.merge(upTo: end)
        return written.count + unreadable
    }

    private func enterAlone(_ look: EmergencyLook) async throws {
        do {
            try await record.enter([look])
        } catch let error as PostgresError where !error.isRetryable {
            logger.error(
                "a look of a control room is entered without whom it found",
                metadata: ["look": "\(look.id)", "error": "\(error)"])
            var bare = look
            bare.found = []
            try await record.enter([bare])
        }
    }
}
