package import Referral

extension Console {
    /// The most groups on one page.
    static let mostGroups = 100

    /// The messages that were set aside, by queue and cause, the most pressing first.
    ///
    /// - Parameter queue: The name in words of the one queue that they are of; nil for all.
    package func deadLetters(
        _ groups: [CauseGroup], ofQueue queue: String? = nil, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let pressing = CauseGroup.pressing(groups, at: now)
        var values: [String: Any] = [
            "heading": "Dead letters", "summary": Self.summary(groups), "at": Moment(now, now: now).view,
            "groups": pressing.prefix(Self.mostGroups).map { Self.view($0, at: now) }, "isEmpty": groups.isEmpty,
            "allPath": Section.deadLetters.path, "flowPath": Section.flow.path,
        ]
        values["onlyQueue"] = queue
        if groups.count > Self.mostGroups { values["more"] = (groups.count - Self.mostGroups).grouped }
        return page("dead_letters", Self.summary(groups), reader, in: .deadLetters, sections: sections, values)
    }

    private static func summary(_ groups: [CauseGroup]) -> String {
        let count = groups.map(\.count).reduce(0, +)
        guard count > 0 else { return "No dead letters" }
        let causes = groups.count == 1 ? "one cause" : "\(groups.count.grouped) causes"
        return "\(counted(count, "dead letter")) of \(causes)"
    }

    private static func view(_ group: CauseGroup, at now: Instant) -> [String: Any] {
        let isGrowing = group.isGrowing(at: now)
        return [
            "path": group.path, "words": CauseWords.words(group.code), "code": group.code, "text": group.text,
            "queueName": group.queueName, "count": group.count.grouped, "first": Moment(group.firstDied, now: now).view,
            "last": Moment(group.lastDied, now: now).view, "owner": group.owner ?? "", "isOwned": group.owner != nil,
            "hasNote": group.hasNote, "isGrowing": isGrowing,
            "style": group.owner != nil ? "" : isGrowing ? "bad" : "odd",
        ]
    }

    // MARK: One group

    /// One group: its messages, who looks after them, and what was had tried again.
    ///
    /// - Parameters:
    ///   - mayMend: Whether the reader may have them tried again, and note something.
    ///   - mayTryDraft: Whether the reader may try a draft of the mapping on the documents.
    ///   - draft: A note that was sent and not taken, with what is wrong with it.
    package func cause(
        _ cause: CausePage, mayMend: Bool, mayTryDraft: Bool = false, draft: (text: String, mistake: String)? = nil,
        at now: Instant,
        _ reader: Reader, sections: Set<Section>
    ) -> String {
        let words = cause.code.map(CauseWords.words) ?? "Dead letters"
        let path = CauseGroup.path(cause.queue, cause.fingerprint)
        let open = cause.replays.first { $0.isOfWholeGroup && $0.refresh(at: now) != nil }
        var values: [String: Any] = [
            "heading": words, "queueName": cause.queueName, "code": cause.code ?? "",
            "listPath": Section.deadLetters.path,
            "groupPath": path, "group": CauseGroup.id(cause.fingerprint), "mayMend": mayMend,
            "isEmpty": cause.group == nil, "owner": cause.owner ?? "", "isOwned": cause.owner != nil,
            "isMine": cause.owner == reader.account, "longest": CausePage.Note.longest.grouped,
            "noteText": draft?.text ?? cause.note?.text ?? "", "hasNote": cause.note?.text.isEmpty == false,
            "letters": cause.letters.map { Self.view($0, at: now) },
            "isFirst": cause.isFirst, "replays": cause.replays.map { Self.view($0, at: now) },
            "hasReplays": !cause.replays.isEmpty,
        ]
        values["mistake"] = draft?.mistake
        if mayTryDraft, cause.group != nil {
            values["draftPath"] = DraftPage.path(cause.queue, cause.fingerprint)
        }
        values["next"] = cause.next.map { "\(path)?from=\($0)" }
        values["openPath"] = open.map { ReplayProgress.path($0.id) }
        if let group = cause.group {
            values["text"] = group.text
            values["count"] = group.count.grouped
            values["isOne"] = group.count == 1
            values["first"] = Moment(group.firstDied, now: now).view
            values["last"] = Moment(group.lastDied, now: now).view
        }
        if let note = cause.note {
            values["changed"] = ["by": note.changedBy, "at": Moment(note.changedAt, now: now).view]
        }
        let title = "\(words), \(cause.queueName)"
        return page(
            "cause", draft == nil ? title : "Error: \(title)", reader, in: .deadLetters, sections: sections, values)
    }

    private static func view(_ letter: CausePage.Letter, at now: Instant) -> [String: Any] {
        [
            "id": letter.id, "lifePath": "\(Section.messages.path)/\(letter.about ?? letter.id)",
            "diedAt": Moment(letter.diedAt, now: now).view, "attempts": letter.attempts.grouped,
        ]
    }

    private static func view(_ replay: ReplayProgress, at now: Instant) -> [String: Any] {
        [
            "path": ReplayProgress.path(replay.id), "askedAt": Moment(replay.askedAt, now: now).view,
            "askedBy": replay.askedBy, "words": replay.words(at: now),
        ]
    }

    // MARK: Trying again

    /// How far it has come that dead letters are tried again, with a button that undoes or stops it.
    ///
    /// - Parameter mayMend: Whether the reader may undo or stop it.
    package func replay(
        _ replay: ReplayProgress, mayMend: Bool, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let isOpen = replay.refresh(at: now) != nil
        let heading = "\(isOpen ? "Trying" : "Tried") \(Self.counted(replay.wanted, "message")) again"
        var values: [String: Any] = [
            "heading": heading, "words": replay.words(at: now), "queueName": replay.queueName,
            "cause": CauseWords.words(replay.code), "code": replay.code, "askedBy": replay.askedBy,
            "askedAt": Moment(replay.askedAt, now: now).view, "isOpen": isOpen, "mayStop": isOpen && mayMend,
            "isWaiting": replay.state == .waiting, "wanted": replay.wanted, "replayed": replay.replayed,
            "replayPath": ReplayProgress.path(replay.id), "listPath": Section.deadLetters.path,
            "groupPath": CauseGroup.path(replay.queue, replay.fingerprint), "flowPath": Section.flow.path,
        ]
        values["endedAt"] = replay.endedAt.map { Moment($0, now: now).view }
        let title = isOpen ? "\(replay.replayed.grouped) of \(replay.wanted.grouped) tried again" : heading
        return page("replay", title, reader, in: .deadLetters, sections: sections, values)
    }
}
