import Logging

/// Takes what one partner has dropped, group by group: in hand, to the hub, its answers, gone.
struct DropRound: Sendable {
    let box: DropBox
    let logger: Logger
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    /// Shows staff what never became a submission; false when that cannot be done now.
    let report: @Sendable (DropReport) async -> Bool
    /// As in ``DropFolder``.
    let handler: @Sendable ([DroppedFile]) async -> [FileAnswer]

    /// What came of it.
    struct Taken: Sendable {
        var answered = 0
        /// What kept files from being answered, the last where there is more.
        var trouble: (any Error)?
        /// False when one could not be read or given an answer, and what comes after it must wait, so that the order holds.
        var mayGoOn = true

        mutating func add(_ other: Taken) {
            answered += other.answered
            trouble = other.trouble ?? trouble
            mayGoOn = mayGoOn && other.mayGoOn
        }
    }

    /// Takes claims in their order. While the answers to a group are written the next one is handed over, unless it is a file
    /// at which a process ended before: that one has nothing beside it.
    func take(_ claims: [DropClaim]) async -> Taken {
        await withTaskGroup(of: Taken.self) { writing in
            var taken = Taken()
            var rest = claims[...]
            while let first = rest.first, taken.mayGoOn, !Task.isCancelled {
                if first.attempts > 0, let written = await writing.next() { taken.add(written) }
                do {
                    let group = try await DiskThreads.run { [box, rest] in try box.begin(rest) }
                    if let trouble = group.trouble { taken.trouble = trouble }
                    let answers = await handOver(group)
                    rest = answers.rest
                    taken.mayGoOn = answers.mayGoOn && group.mayGoOn
                    if let written = await writing.next() { taken.add(written) }
                    writing.addTask { await write(answers.given) }
                } catch {
                    taken.add(Taken(trouble: error, mayGoOn: false))
                }
            }
            for await written in writing { taken.add(written) }
            return taken
        }
    }

    // MARK: To the hub

    /// What a file that was taken in hand is answered.
    private enum Answer: Sendable {
        /// The hub is not asked about it.
        case refusal(DropBox.Complaint)
        case receipt([UInt8], accepted: Bool)
        case setAside(receipt: [UInt8])
    }

    private typealias Answered = (set: DropBox.ClaimedSet, answer: Answer)

    /// The answers to a group, none of which is written yet.
    private struct Answers: Sendable {
        var given: [Answered] = []
        /// What is to be taken next.
        var rest: ArraySlice<DropClaim>
        var mayGoOn = true
    }

    /// Hands a group to the hub, and shows staff what the hub is not asked about. What gets no answer is given back.
    private func handOver(_ group: DropGroup) async -> Answers {
        var files: [DroppedFile] = []
        for case (_, .file(let file)) in group.readings { files.append(file) }
        let given = files.isEmpty ? [] : await handler(files)
        var unread = given[...]
        // Who answers nothing would be asked the same for ever.
        var answers = Answers(rest: group.rest, mayGoOn: files.isEmpty || !given.isEmpty)
        var unanswered: [DropBox.ClaimedSet] = []
        for (set, reading) in group.readings {
            var answer: Answer?
            switch reading {
            case .refused(let complaint):
                // Shown before it is refused: a crash in between shows it twice, the other order would show it to nobody.
                if await tell(box.report(set, complaint)) {
                    answer = .refusal(complaint)
                } else {
                    answers.mayGoOn = false
                }
            case .file:
                switch unread.popFirst() {
                case .accepted(let receipt)?: answer = .receipt(receipt, accepted: true)
                case .refused(let receipt)?: answer = .receipt(receipt, accepted: false)
                case .setAside(let receipt)?: answer = .setAside(receipt: receipt)
                case .unavailable?: answers.mayGoOn = false
                case nil: break
                }
            }
            if let answer {
                answers.given.append((set, answer))
            } else {
                unanswered.append(set)
            }
        }
        let back = await giveBack(unanswered)
        answers.rest = back[...] + answers.rest
        if back.count < unanswered.count { answers.mayGoOn = false }
        return answers
    }

    /// Takes attempts back that came to an end without an answer; as ``DropBox/giveBack(_:)``.
    @discardableResult
    private func giveBack(_ sets: [DropBox.ClaimedSet]) async -> [DropClaim] {
        guard !sets.isEmpty else { return [] }
        return (try? await DiskThreads.run { [box] in box.giveBack(sets) }) ?? []
    }

    /// Says in the log and to staff that a file never became a submission; false when staff cannot be told now.
    func tell(_ found: DropReport) async -> Bool {
        logger.warning(
            "dropped file refused",
            metadata: [
                "partner": "\(found.partner)", "code": "\(found.code)", "cause": "\(found.text)",
                "kept": "\(found.movedTo ?? "no")",
            ])
        return await report(found)
    }

    // MARK: To the partner

    /// Writes the answers to a group and lets go of its files. One that cannot be answered is given back.
    private func write(_ answers: [Answered]) async -> Taken {
        var taken = Taken()
        var receipts: [Receipt] = []
        for (set, answer) in answers {
            do {
                switch answer {
                case .receipt(let receipt, let accepted):
                    receipts.append((set, receipt, accepted))
                    continue
                case .setAside(let receipt):
                    let kept = try await DiskThreads.run { [box] in try box.setAside(set, receipt: receipt) }
                    logger.warning(
                        "dropped file set aside", metadata: ["partner": "\(box.partner)", "kept": "\(kept)"])
                case .refusal(let complaint):
                    try await DiskThreads.run { [box, now] in try box.refuse(set, complaint, now: now()) }
                }
                taken.answered += 1
            } catch {
                taken.trouble = error
                await giveBack([set])
            }
        }
        if !receipts.isEmpty { taken.add(await write(receipts)) }
        return taken
    }

    private typealias Receipt = (set: DropBox.ClaimedSet, receipt: [UInt8], accepted: Bool)

    private func write(_ receipts: [Receipt]) async -> Taken {
        // Side by side, so that their syncs share one commit of the file system's journal.
        var (staged, troubles) = await withTaskGroup(of: (Receipt, (any Error)?).self) { staging in
            for receipt in receipts {
                staging.addTask { [box] in
                    do {
                        try await DiskThreads.run {
                            try box.stage(receipt.receipt, accepted: receipt.accepted, for: receipt.set)
                        }
                        return (receipt, nil)
                    } catch { return (receipt, error) }
                }
            }
            var staged: [(set: DropBox.ClaimedSet, accepted: Bool)] = []
            var troubles: [(set: DropBox.ClaimedSet, trouble: any Error)] = []
            for await (receipt, trouble) in staging {
                if let trouble {
                    troubles.append((receipt.set, trouble))
                } else {
                    staged.append((receipt.set, receipt.accepted))
                }
            }
            return (staged, troubles)
        }
        do {
            troubles += try await DiskThreads.run { [box, staged] in try box.answer(staged) }
        } catch {
            troubles += staged.map { ($0.set, error) }
            staged = []
        }
        await giveBack(troubles.map(\.set))
        return Taken(answered: receipts.count - troubles.count, trouble: troubles.last?.trouble)
    }
}
