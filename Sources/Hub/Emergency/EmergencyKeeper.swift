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
    private let database: Database
    private let store: CaseStore
    private let node: String
    private let reviewed: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - node: This node's name, for the record.
    ///   - reviewed: How long after it a look is to be reviewed.
    init(
        desk: EmergencyDesk, journal: LookJournal, snapshot: SnapshotFile, database: Database, store: CaseStore,
        node: String, reviewed: Duration, logger: Logger
    ) {
        self.desk = desk
        self.journal = journal
        self.snapshot = Mutex(snapshot)
        self.database = database
        self.store = store
        self.node = node
        self.reviewed = reviewed
        self.logger = logger
    }

    private static let interval = Duration.milliseconds(500)
    /// How old the snapshot's own time may be.
    private static let stamped = Duration.seconds(60)
    /// Looks that are brought in one transaction.
    private static let batch = 200

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.keepPicture() }
                group.addTask { await self.bringLooks() }
            }
        }
    }

    // MARK: The picture

    private func keepPicture() async {
        var mark: Int64?
        var stamp = ContinuousClock.now
        var isAway = false
        while !Task.isCancelled {
            do {
                mark = try await refresh(since: mark, &stamp)
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
                // It may be another database when it comes back.
                mark = nil
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// - Returns: The mark from which the next looks on.
    private func refresh(since mark: Int64?, _ stamp: inout ContinuousClock.Instant) async throws -> Int64 {
        let now = Timestamp.now()
        let (changed, next, callers) = try await database.read { [store, recipients = desk.recipients] connection in
            let (cards, next) = try store.changedAccessCards(since: mark, in: connection)
            let callers = EmergencyCallers(
                partners: try store.partners(in: connection), certificates: try store.certificates(in: connection),
                keys: try store.clientKeys(in: connection), recipients: recipients, at: now)
            return (cards, next, callers)
        }
        let cards = changed.map { changed in
            (person: changed.person.description, card: changed.content.flatMap { IndexedCard(changed.person, $0) })
        }
        let isOther = callers != desk.callers
        if mark == nil {
            var index = CardIndex()
            for case (_, let card?) in cards { index.insert(card) }
            desk.show(all: index, callers: callers, asOf: now)
        } else {
            desk.show(changed: cards, callers: callers, asOf: now)
        }
        let isOld = stamp.duration(to: .now) > Self.stamped
        if mark == nil || isOther || isOld || !cards.isEmpty {
            stamp = .now
            await keep(cards, isWhole: mark == nil, asOf: now)
        }
        return next
    }

    /// Writes what changed on this node's disk. A disk that cannot be written keeps nobody waiting.
    private func keep(_ cards: [(person: String, card: IndexedCard?)], isWhole: Bool, asOf: Timestamp) async {
        let isTaken = cards.contains { $0.card == nil }
        do {
            try await NIOThreadPool.singleton.runIfActive { [self] in
                try snapshot.withLock { snapshot in
                    let rest = [desk.callers.value, ["as_of": .number(String(asOf.microseconds))]]
                    if isWhole || isTaken || snapshot.isWorn {
                        try snapshot.write(desk.cards.map(\.value) + rest)
                    } else {
                        try snapshot.append(cards.compactMap(\.card?.value) + rest)
                    }
                }
            }
        } catch {
            logger.error("the snapshot for control rooms cannot be written", metadata: ["error": "\(error)"])
        }
    }

    // MARK: The looks

    private func bringLooks() async {
        while !Task.isCancelled {
            do {
                while try await bringSome() {}
            } catch is CancellationError {
                return
            } catch {
                logger.warning("looks of control rooms wait in the journal", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(2))
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// - Returns: Whether there may be more.
    private func bringSome() async throws -> Bool {
        let found = try await NIOThreadPool.singleton.runIfActive { [journal] in try journal.unmerged(limit: Self.batch)
        }
        guard let (written, end) = found else { return false }
        let looks = written.compactMap { (try? StrictJSON.parse($0)).flatMap(EmergencyLook.init) }
        if looks.count < written.count {
            logger.error(
                "looks in the journal cannot be read", metadata: ["count": "\(written.count - looks.count)"])
        }
        _ = try await database.transaction { [store, node, reviewed] connection in
            try store.enter(looks, node: node, reviewed: reviewed, in: connection)
        }
        try await NIOThreadPool.singleton.runIfActive { [journal] in try journal.merge(upTo: end) }
        return true
    }
}
