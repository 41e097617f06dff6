package import Logging
import Synchronization

/// Takes the files that partners drop (partner interfaces, section 4.1): `NAME`, `NAME.sha256`, then `NAME.done`.
///
/// inotify makes it quick and a scan makes it certain. A file is answered in `ack/` after the hub has it durably, and never
/// before. A crash at any point leaves the file where the next start finds it; that the hub has seen it already is then for
/// the hub's idempotent receiver to tell. Attempts are counted before anything looks into a file, so that one which ends
/// the process is set aside in the end and not taken up for ever.
///
/// Files of one partner are handed over in the order of their names, as it was when they were found complete; those of one
/// look before those of the next. They are taken in groups, whose files share what waits on the disk: the hub's commit,
/// and the syncs of attempts and answers. So a crash can have up to two groups of each partner in hand. Each file of those is
/// taken alone afterwards, beside no other of any partner, so that only the one which ends the process again is blamed
/// for it. At most four partners are served at once.
package struct DropFolder: Sendable {
    /// Where, and within which limits.
    package struct Configuration: Sendable {
        /// Below it, each partner has `in/`, `ack/` and `out/`.
        package var root: String
        /// Below it `claimed/` and `refused/`, which no partner may reach. On the same file system as `root`.
        package var state: String
        /// Defaults to 100 MiB. A larger file is answered with `too_large`.
        package var maximumBytes: Int
        /// The longest that a file can lie unseen when inotify tells nothing.
        package var scanInterval: Duration
        /// How long a set may stay incomplete before it is answered with `incomplete_set`.
        package var incompleteAfter: Duration
        /// When a `.part` that nobody writes to any more is removed.
        package var partRemovedAfter: Duration
        /// How long refused files are kept for staff to look at. They are in clear: no longer than is needed.
        package var refusedKeptFor: Duration
        /// How often a file is taken in hand that ends the process each time. Defaults to 3; then it is set aside.
        package var attempts: Int
        /// Files of one partner that are taken in hand together at most. Defaults to 32; 1 takes each by itself.
        package var groupFiles: Int
        /// Bytes of a group at most, unless it is one file. Defaults to 4 MiB: what a partner can have in the hub's memory is
        /// that and one file of `maximumBytes`, however its files grow meanwhile.
        package var groupBytes: Int

        package init(
            root: String, state: String, maximumBytes: Int = 100 << 20, scanInterval: Duration = .seconds(5),
            incompleteAfter: Duration = .seconds(900), partRemovedAfter: Duration = .seconds(86400),
            refusedKeptFor: Duration = .seconds(7 * 86400), attempts: Int = 3, groupFiles: Int = 32,
            groupBytes: Int = 4 << 20
        ) {
            precondition((1...9).contains(attempts), "an attempt's mark has one digit")
            precondition(groupFiles > 0 && groupBytes > 0, "a group's bounds are positive")
            self.root = root
            self.state = state
            self.maximumBytes = maximumBytes
            self.scanInterval = scanInterval
            self.incompleteAfter = incompleteAfter
            self.partRemovedAfter = partRemovedAfter
            self.refusedKeptFor = refusedKeptFor
            self.attempts = attempts
            self.groupFiles = groupFiles
            self.groupBytes = groupBytes
        }
    }

    private let configuration: Configuration
    private let partners: @Sendable () async -> [String]
    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let report: @Sendable (DropReport) async -> Bool
    private let handler: @Sendable ([DroppedFile]) async -> [FileAnswer]
    private let troubles = Troubles()

    /// - Parameters:
    ///   - partners: whose folders are served, asked at each scan. Folders that are missing are made.
    ///   - now: seconds since 1970; passed in by tests only.
    ///   - report: shows staff what never became a submission; false when that cannot be done now.
    ///   - handler: keeps files durably, in their order, and gives their receipts. Answers to the first of them are enough:
    ///     it is called again with those that it did not come to, unless it says that it can answer nothing now. Called again
    ///     with the same files after a crash.
    package init(
        configuration: Configuration, partners: @escaping @Sendable () async -> [String], logger: Logger,
        now: @escaping @Sendable () -> Int64 = WallClock.now, report: @escaping @Sendable (DropReport) async -> Bool,
        handler: @escaping @Sendable ([DroppedFile]) async -> [FileAnswer]
    ) {
        self.configuration = configuration
        self.partners = partners
        self.logger = logger
        self.now = now
        self.report = report
        self.handler = handler
    }

    /// Serves the folders until it is cancelled.
    package func run() async throws {
        let watcher = try DirectoryWatcher(interval: configuration.scanInterval)
        defer { watcher.stop() }
        for await _ in watcher.ticks { _ = await scan(watcher) }
    }

    /// One look at every folder. Returns how many files were answered.
    package func scan() async -> Int { await scan(nil) }

    private func scan(_ watcher: DirectoryWatcher?) async -> Int {
        let partners = await partners().filter { FileName($0).isTaken }
        // One after the other and beside nothing else: what ends the process now is that file.
        var suspects: [String: DropRound.Taken] = [:]
        for partner in partners { suspects[partner] = await takeSuspects(of: partner) }
        var waiting = partners.makeIterator()
        return await withTaskGroup(of: Int.self) { group in
            func next() {
                guard let partner = waiting.next() else { return }
                let before = suspects[partner] ?? DropRound.Taken()
                group.addTask { await serve(partner, after: before, watcher) }
            }
            for _ in 0..<4 { next() }
            var answered = 0
            for await count in group {
                answered += count
                next()
            }
            return answered
        }
    }

    /// Takes the files at which a process ended before.
    private func takeSuspects(of partner: String) async -> DropRound.Taken {
        do {
            let (box, claims) = try await DiskThreads.run { [configuration] in
                let box = try DropBox(partner: partner, limits: configuration)
                return (box, try box.claims().filter { $0.attempts > 0 })
            }
            return await round(box).take(claims)
        } catch {
            return DropRound.Taken(trouble: error, mayGoOn: false)
        }
    }

    private func round(_ box: DropBox) -> DropRound {
        DropRound(box: box, logger: logger, now: now, report: report, handler: handler)
    }

    private func serve(_ partner: String, after suspects: DropRound.Taken, _ watcher: DirectoryWatcher?) async -> Int {
        var taken = suspects
        do {
            let box = try await DiskThreads.run { [configuration] in
                try DropBox(partner: partner, limits: configuration)
            }
            // Before the look: what arrives after it is told by a tick.
            watcher?.watch(path: box.incomingPath)
            let (survey, claims) = try await DiskThreads.run { [now] in
                try box.tidy(now: now())
                return (try box.survey(now: now()), try box.claims().filter { $0.attempts == 0 })
            }
            taken.trouble = survey.trouble ?? taken.trouble
            let round = round(box)
            for found in survey.reports { _ = await round.tell(found) }
            if taken.mayGoOn { taken.add(await round.take(claims)) }
        } catch { taken.trouble = error }
        if let trouble = taken.trouble, troubles.begin(partner, "\(trouble)") {
            logger.error("drop folder cannot be served", metadata: ["partner": "\(partner)", "cause": "\(trouble)"])
        } else if taken.trouble == nil, troubles.end(partner) {
            logger.info("drop folder can be served again", metadata: ["partner": "\(partner)"])
        }
        return taken.answered
    }
}

/// Which partners' folders cannot be served and why, so that a lasting trouble is logged once.
private final class Troubles: Sendable {
    private let causes = Mutex<[String: String]>([:])

    /// True when this is news.
    func begin(_ partner: String, _ cause: String) -> Bool {
        causes.withLock { causes in
            defer { causes[partner] = cause }
            return causes[partner] != cause
        }
    }

    /// True when there was trouble until now.
    func end(_ partner: String) -> Bool {
        causes.withLock { $0.removeValue(forKey: partner) != nil }
    }
}
