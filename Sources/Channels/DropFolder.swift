package import Logging
import NIOPosix
import Synchronization

/// Takes the files that partners drop (partner interfaces, section 4.1): `NAME`, `NAME.sha256`, then `NAME.done`.
///
/// inotify makes it quick and a scan makes it certain. A file is answered in `ack/` after the hub has it durably, and never
/// before. A crash at any point leaves the file where the next start finds it; that the hub has seen it already is then for
/// the hub's idempotent receiver to tell. Attempts are counted before anything looks into a file, so that one which ends
/// the process is set aside in the end and not taken up for ever. Files of one partner are taken one after the other in the order of their names;
/// at most four partners are served at once.
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

        package init(
            root: String, state: String, maximumBytes: Int = 100 << 20, scanInterval: Duration = .seconds(5),
            incompleteAfter: Duration = .seconds(900), partRemovedAfter: Duration = .seconds(86400),
            refusedKeptFor: Duration = .seconds(7 * 86400), attempts: Int = 3
        ) {
            precondition((1...9).contains(attempts), "an attempt's mark has one digit")
            self.root = root
            self.state = state
            self.maximumBytes = maximumBytes
            self.scanInterval = scanInterval
            self.incompleteAfter = incompleteAfter
            self.partRemovedAfter = partRemovedAfter
            self.refusedKeptFor = refusedKeptFor
            self.attempts = attempts
        }
    }

    private let configuration: Configuration
    private let partners: @Sendable () async -> [String]
    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let report: @Sendable (DropReport) async -> Bool
    private let handler: @Sendable (DroppedFile) async -> FileAnswer
    private let troubles = Troubles()

    /// - Parameters:
    ///   - partners: whose folders are served, asked at each scan. Folders that are missing are made.
    ///   - now: seconds since 1970; passed in by tests only.
    ///   - report: shows staff what never became a submission; false when that cannot be done now.
    ///   - handler: keeps a file durably and gives its receipt. Called again with the same file after a crash.
    package init(
        configuration: Configuration, partners: @escaping @Sendable () async -> [String], logger: Logger,
        now: @escaping @Sendable () -> Int64 = WallClock.now, report: @escaping @Sendable (DropReport) async -> Bool,
        handler: @escaping @Sendable (DroppedFile) async -> FileAnswer
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
        var waiting = await partners().filter { FileName($0).isTaken }.makeIterator()
        return await withTaskGroup(of: Int.self) { group in
            func next() {
                guard let partner = waiting.next() else { return }
                group.addTask { await serve(partner, watcher) }
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

    private func serve(_ partner: String, _ watcher: DirectoryWatcher?) async -> Int {
        var answered = 0
        var trouble: (any Error)?
        do {
            let box = try await onThread { try DropBox(partner: partner, limits: configuration) }
            // Before the look: what arrives after it is told by a tick.
            watcher?.watch(path: box.incomingPath)
            let (survey, claims) = try await onThread { [now] in
                try box.tidy(now: now())
                return (try box.survey(now: now()), try box.claims())
            }
            trouble = survey.trouble
            for found in survey.reports { _ = await tell(found) }
            for id in claims where !Task.isCancelled {
                do {
                    guard let claim = try await onThread({ try box.open(id) }) else { continue }
                    guard try await take(claim, from: box) else { break }
                    answered += 1
                } catch { trouble = error }
            }
        } catch { trouble = error }
        if let trouble, troubles.begin(partner, "\(trouble)") {
            logger.error("drop folder cannot be served", metadata: ["partner": "\(partner)", "cause": "\(trouble)"])
        } else if trouble == nil, troubles.end(partner) {
            logger.info("drop folder can be served again", metadata: ["partner": "\(partner)"])
        }
        return answered
    }

    /// Takes one file in hand, if that has not ended the process too often already. False when no answer could be given
    /// and the rest must wait too.
    private func take(_ claim: DropBox.Claim, from box: DropBox) async throws -> Bool {
        guard try await onThread({ try box.begin(claim) }) else { return try await refuse(claim, .attempts, box) }
        let outcome: Result<Bool, any Error>
        do { outcome = .success(try await answer(claim, from: box)) } catch { outcome = .failure(error) }
        if case .success(true) = outcome { return true }
        // Unstructured, because a hub that is told to stop cancels this task, and must not count that against the file.
        await Task { try? await onThread { try box.giveBack(claim) } }.value
        return try outcome.get()
    }

    /// Reads, hands over and answers one file. False when no answer could be given.
    private func answer(_ claim: DropBox.Claim, from box: DropBox) async throws -> Bool {
        switch try await onThread({ try box.read(claim) }) {
        case .refused(let complaint): return try await refuse(claim, complaint, box)
        case .file(let file):
            switch await handler(file) {
            case .accepted(let receipt): try await onThread { try box.answer(claim, receipt: receipt, accepted: true) }
            case .refused(let receipt): try await onThread { try box.answer(claim, receipt: receipt, accepted: false) }
            case .setAside(let receipt):
                let kept = try await onThread { try box.setAside(claim, receipt: receipt) }
                logger.warning("dropped file set aside", metadata: ["partner": "\(box.partner)", "kept": "\(kept)"])
            case .unavailable: return false
            }
        }
        return true
    }

    /// Shows staff first what is refused: a crash in between shows it twice, the other order would show it to nobody.
    private func refuse(_ claim: DropBox.Claim, _ complaint: DropBox.Complaint, _ box: DropBox) async throws -> Bool {
        guard await tell(box.report(claim, complaint)) else { return false }
        try await onThread { [now] in try box.refuse(claim, complaint, now: now()) }
        return true
    }

    private func tell(_ found: DropReport) async -> Bool {
        logger.warning(
            "dropped file refused",
            metadata: [
                "partner": "\(found.partner)", "code": "\(found.code)", "cause": "\(found.text)",
                "kept": "\(found.movedTo ?? "no")",
            ])
        return await report(found)
    }

    /// File work waits on the disk, so it runs on a thread that may.
    private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await NIOThreadPool.singleton.runIfActive(body)
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
