import CaseStore
import Logging
import MessageQueue
import Postgres
import ServiceLifecycle

/// Keeps true what nobody asks for: the ledger's order and checkpoints each second, answers that wait for what they
/// answer, files for the referrals that name them, dead letters in front of staff, retention each minute, the key store's backups, and
/// each day a word in the log about what ends soon. A pass that fails is tried again at the next; any number of nodes may run it.
actor Housekeeping: Service {
    /// How long finished messages stay for `hub trace`.
    static let historyKept: Duration = .seconds(30 * 86_400)
    /// After this long no answer to an attempt is expected any more, if nobody holds its message.
    static let longestAttempt: Duration = .seconds(900)
    /// How long a repeat of a staff system's request is recognised.
    static let requestsKept: Duration = .seconds(30 * 86_400)

    /// How long it is remembered that somebody was answered by e-mail.
    static let mailAnswersKept: Duration = .seconds(2 * 86_400)

    /// One death of a message: a replayed one may die again.
    private struct Shown: Hashable {
        var message: MessageID
        var diedAt: Timestamp

        init(_ letter: DeadLetter) {
            message = letter.messageID
            diedAt = letter.diedAt
        }
    }

    /// For what goes on behind the queue without being asked.
    private let installation: Installation
    /// For what is destroyed.
    private let retention: Installation
    private let ledger: LedgerKeeper
    /// Dead letters that have their work item; the database is asked about one that is not remembered.
    private var shown: Set<Shown> = []

    init(_ installation: Installation) {
        self.installation = installation.acting(as: .worker)
        retention = installation.acting(as: .retention)
        self.ledger = LedgerKeeper(installation)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.rounds() }
    }

    private func rounds() async {
        var second = 0
        while !Task.isCancelled {
            await attempt("checkpoint") { try await ledger.keep() }
            if second % 2 == 0 { await attempt("waiting") { try await resumeWaiting() } }
            if second % 2 == 0 { await attempt("attachments") { try await attachFiles() } }
            if second % 5 == 0 { await attempt("dead letters") { try await showDeadLetters() } }
            if second % 5 == 0 { await attempt("deadlines") { _ = try await installation.queue.expire() } }
            if second % 60 == 0 { await keepToTimes() }
            if second % 600 == 0 { await attempt("key store") { try await KeyStore(retention).keep() } }
            if second % 86_400 == 0 { await attempt("endings") { try await Endings.warn(of: installation) } }
            second += 1
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func attempt(_ what: StaticString, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch is CancellationError {
            return
        } catch {
            installation.logger.warning(
                "housekeeping will be tried again", metadata: ["part": "\(what)", "error": "\(error)"])
        }
    }

    /// Has submissions worked on again whose waiting for an earlier message is over.
    ///
    /// - Returns: How many.
    @discardableResult
    func resumeWaiting(at now: Timestamp = .now()) async throws -> Int {
        let (store, queue) = (installation.store, installation.queue)
        let resumed = try await installation.database.transaction { connection in
            let resumed = try store.resume(at: now, in: connection)
            _ = try queue.enqueue(resumed.map { .intake(of: $0.receipt, key: $0.orderKey) }, in: connection)
            return resumed
        }
        if !resumed.isEmpty { queue.wake(Intake.queueName) }
        return resumed.count
    }

    /// Gives referrals the files that they name, and shows staff those that do not come together in time.
    @discardableResult
    func attachFiles(at now: Timestamp = .now()) async throws -> AttachedFiles {
        try await installation.database.transaction { [store = installation.store] connection in
            try store.attachFiles(at: now, in: connection)
        }
    }

    /// A message that was set aside becomes a work item, once for each death, and a share or an extract that it stood for
    /// shows it.
    func showDeadLetters() async throws {
        let (store, queue) = (installation.store, installation.queue)
        for letter in try await queue.deadLetters(.init())
        where !shown.contains(.init(letter)) {
            try await installation.database.transaction { connection in
                guard
                    try !store.isShown(deadLetter: letter.messageID.rawValue, diedAt: letter.diedAt, in: connection)
                else { return }
                let told = StatusMessages.partner(ofQueue: letter.queue)
                let isOfSubmission = told != nil || letter.queue == Intake.queueName
                let sent = isOfSubmission ? nil : letter.correlation
                let isExtract = try sent.map { try store.isSentExtract($0, in: connection) } ?? false
                // Somebody may bring it back at this moment: whoever holds it first, the other sees what was done.
                if let sent {
                    if isExtract {
                        try store.hold(extract: sent, in: connection)
                    } else {
                        try store.hold(share: sent, in: connection)
                    }
                }
                guard try queue.isSetAside(letter, in: connection) else { return }
                let item = NewWorkItem(
                    kind: .deadLetter,
                    code: letter.cause.code,
                    submission: isOfSubmission ? letter.correlation : nil,
                    referral: told == nil ? nil : letter.key.flatMap(UUIDValue.init),
                    share: isExtract ? nil : sent,
                    extract: isExtract ? sent : nil,
                    message: letter.messageID.rawValue,
                    partner: told
                )
                try store.add(item, in: connection)
                guard let sent else { return }
                if isExtract {
                    try store.fail(extract: sent, code: letter.cause.code, in: connection)
                } else {
                    try store.fail(sent, code: letter.cause.code, in: connection)
                }
            }
            shown.insert(.init(letter))
        }
    }

    /// Retention and what else is due each minute, each by itself: what fails of it stands in nobody's way.
    func keepToTimes() async {
        await attempt("retention") { try await retire() }
        await attempt("whole files") { try await destroyFiles() }
        await attempt("abandoned") { try await endAbandoned() }
        await attempt("pauses") { try await installation.acting(as: .console).queue.forgetPauses() }
    }

    /// Destroys what has had its time.
    func retire() async throws {
        _ = try await retention.queue.retire(olderThan: Self.historyKept)
        try await retention.database.transaction { [store = installation.store] connection in
            _ = try store.destroyDocuments(dueAt: .now(), limit: 500, in: connection)
            try store.endLapsedHolds(in: connection)
            try store.clearAssertions(in: connection)
            try store.clearSessions(seenBefore: .now() - StaffSessions.longest, in: connection)
            try store.forgetLooks(in: connection)
            try store.clearTraffic(in: connection)
            _ = try store.forgetRequests(before: .now() - Self.requestsKept, in: connection)
            try store.forgetMailAnswers(before: .now() - Self.mailAnswersKept, in: connection)
            try store.forgetReplays(before: .now() - Replays.kept, in: connection)
        }
    }

    /// Destroys whole files that nothing needs any more, one after the other; what is left at the end goes next time.
    ///
    /// - Parameters:
    ///   - limit: How many are looked at.
    ///   - patience: After how long no further one is begun.
    func destroyFiles(limit: Int = 200, patience: Duration = .seconds(10)) async throws {
        let store = installation.store
        let cameBefore = Timestamp.now() - installation.configuration.filesKept
        let end = ContinuousClock.now + patience
        var place = CaseStore.FilePlace.start
        for _ in 0..<limit where ContinuousClock.now < end {
            try Task.checkCancellation()
            let next = try await retention.database.transaction { [place] connection in
                try store.destroyFile(cameBefore: cameBefore, after: place, in: connection)
            }
            guard let next else { return }
            place = next.place
        }
    }

    /// Ends what nobody will end any more.
    func endAbandoned() async throws {
        try await installation.database.transaction { [store = installation.store] connection in
            _ = try store.endAbandonedReleases(after: Self.longestAttempt, in: connection)
            try store.endAbandonedExtracts(after: Self.longestAttempt, in: connection)
        }
    }
}
