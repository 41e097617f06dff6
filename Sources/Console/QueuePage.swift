import Referral

extension Console {
    /// What somebody has just done on the page of a queue, as its address tells it.
    package enum QueueChange: String, Sendable {
        case paused
        case resumed
        /// Nothing was done, because somebody else had changed it meanwhile.
        case overtaken
    }

    /// The page of one queue.
    ///
    /// - Parameters:
    ///   - form: For a pause, for whoever may mend queues; nil for everybody else.
    ///   - isSent: Whether the form was sent, so that what is wrong with it is told.
    ///   - change: What was just done; told where it still holds.
    ///   - trial: What came of trying the way to the partner.
    package func queue(
        _ sheet: QueueSheet, form: PauseForm?, isSent: Bool = false, change: QueueChange? = nil,
        trial: RouteTrial? = nil, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let station = sheet.station
        let mistakes = isSent ? form?.mistakes ?? [] : []
        var values = Self.view(station, at: sheet.at)
        values["heading"] = station.name
        values["stateStyle"] = station.state.style
        values["queue"] = station.queue
        values["listPath"] = Section.queues.path
        values["at"] = Moment(sheet.at, now: sheet.at).view
        values["whys"] = Self.whys(sheet)
        values["pausedAt"] = sheet.pausedAt.map { Moment($0, now: sheet.at).view }
        values["emptying"] = Self.words(sheet.emptying)
        values["rate"] = sheet.rate ?? "none in the last 10 minutes"
        values["breaker"] = Self.breaker(sheet)
        values["probedAt"] = station.circuit == .open ? sheet.probedAt.map { Moment($0, now: sheet.at).view } : nil
        values["whole"] = sheet.pace.whole?.words
        values["attempt"] = sheet.pace.attempt?.words
        values["lastSuccess"] = sheet.pace.lastSuccess.map { Moment($0, now: sheet.at).view }
        values["lastFailure"] = sheet.pace.lastFailure.map { failure -> [String: Any] in
            [
                "at": Moment(failure.at, now: sheet.at).view, "fate": failure.fate.words,
                "cause": failure.cause ?? "lost",
            ]
        }
        if station.dead > 0, sections.contains(.deadLetters) {
            values["deadPath"] = "\(Section.deadLetters.path)?queue=\(station.queue)"
        }
        values["limits"] = sheet.limits.map(Self.view)
        values["ends"] = sheet.ends.map { Self.view($0, at: sheet.at) }
        values["hasEnds"] = !sheet.ends.isEmpty
        values["partner"] = sheet.partner.map { Self.view($0, mayTry: form != nil) }
        values["trial"] = trial.map(Self.view)
        values["notice"] = Self.notice(change, sheet)
        if let form {
            if station.pause == nil {
                values["pauseForm"] = Self.view(form, mistakes)
            } else if let since = sheet.pausedAt {
                values["resumeForm"] = ["since": String(since.microseconds)]
            }
        }
        values["mistakes"] = mistakes.map { ["field": $0.field, "text": $0.text] }
        values["isMistaken"] = !mistakes.isEmpty
        let state = "\(station.name): \(station.state.words.lowercased())"
        return page(
            "queue", mistakes.isEmpty ? state : "Error: \(state)", reader, in: .queues, sections: sections, values)
    }

    /// Everything that is the matter with it, the worst first.
    private static func whys(_ sheet: QueueSheet) -> [String] {
        let station = sheet.station
        var whys: [String] = []
        switch station.circuit {
        case .closed: break
        case .open:
            whys.append(
                "What went there failed again and again, so nothing is sent for a while. No message is lost by that.")
        case .probing: whys.append("What went there failed again and again. One message is being tried now.")
        }
        if station.dead > 0 {
            let what = station.dead == 1 ? "1 message was" : "\(station.dead.grouped) messages were"
            whys.append("\(what) set aside, and somebody must look at \(station.dead == 1 ? "it" : "them").")
        }
        if station.failedPerMinute > station.perMinute {
            whys.append("Of the last minutes' attempts more failed than succeeded. Each message is tried again.")
        }
        if let oldest = station.oldest, oldest > FlowPicture.Station.slowAfter {
            whys.append("The oldest message has been waiting for \(oldest.spoken).")
        }
        if whys.isEmpty, station.pause == nil {
            whys.append(
                station.ready + station.inHand == 0
                    ? "Nothing waits to be worked on." : "Messages are worked on as they come.")
        }
        return whys
    }

    private static func words(_ emptying: QueueSheet.Emptying) -> String {
        switch emptying {
        case .isEmpty: "nothing waits"
        case .halted: "not while nothing is taken from it"
        case .unknown: "not known: nothing moved in the last 10 minutes"
        case .after(let time): "about \(time.spoken), if nothing more comes"
        }
    }

    private static func breaker(_ sheet: QueueSheet) -> String {
        switch sheet.station.circuit {
        case .closed: sheet.hasBreaker ? "closed: messages go" : "this queue has none"
        case .open: "open: nothing is sent"
        case .probing: "on trial: one message is sent to see whether it goes again"
        }
    }

    /// Told where it still holds, so that an address that is kept says nothing that is not so.
    private static func notice(_ change: QueueChange?, _ sheet: QueueSheet) -> String? {
        switch (change, sheet.station.pause) {
        case (.paused?, .some): "You have paused it. What comes waits, and nothing is lost."
        case (.resumed?, nil): "It goes on. What waited is worked on from now on."
        case (.overtaken?, _): "Nothing was changed: somebody else did something meanwhile. This is how it stands now."
        default: nil
        }
    }

    private static func view(_ limit: QueueSheet.Limit) -> [String: Any] {
        let value =
            switch limit.value {
            case .none: "none"
            case .time(let time): time.measured
            case .number(let number):
                number == number.rounded() && abs(number) < 1e15 ? Int(number).grouped : "\(number)"
            }
        return ["name": limit.name, "words": limit.words, "value": value, "source": limit.source.words]
    }

    private static func view(_ end: QueueSheet.End, at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "what": end.what, "isNear": end.isNear, "isUnreadable": end.at == nil, "isOver": false,
        ]
        if let at = end.at {
            view["day"] = Moment(at, now: now).view
            view["isOver"] = at <= now
        }
        return view
    }

    private static func view(_ partner: QueueSheet.Partner, mayTry: Bool) -> [String: Any] {
        var view: [String: Any] = [
            "id": partner.id, "ways": partner.ways.joined(separator: "; "), "hasWay": !partner.ways.isEmpty,
            "mayTry": mayTry && !partner.ways.isEmpty,
        ]
        view["adapter"] = partner.adapter
        return view
    }

    private static func view(_ trial: RouteTrial) -> [String: Any] {
        switch trial {
        case .underWay:
            [
                "outcome": "Somebody else is trying it at this moment. Try it again when they are done.",
                "steps": [String](),
            ]
        case .tooLong(let time):
            [
                "outcome": "It did not come to an end within \(time.spoken). What holds it up is not known.",
                "steps": [String](),
            ]
        case .tried(let steps):
            [
                "outcome": steps.allSatisfy(\.isPassed)
                    ? "Every step went well. No document was sent." : "The way does not work. No document was sent.",
                "steps": steps.map { step -> [String: Any] in
                    [
                        "way": step.way, "what": step.what, "seen": step.seen, "sign": step.isPassed ? "✓" : "✕",
                        "words": step.isPassed ? "passed" : "failed", "style": step.isPassed ? "good" : "bad",
                    ]
                },
            ]
        }
    }

    private static func view(_ form: PauseForm, _ mistakes: [PauseForm.Mistake]) -> [String: Any] {
        var view: [String: Any] = [
            "reason": form.reason,
            "ends": PauseForm.End.allCases.enumerated().map { index, end -> [String: Any] in
                [
                    // The first has the name of the field, to which the list of mistakes leads.
                    "id": index == 0 ? "end" : "end-\(end.rawValue)", "value": end.rawValue, "words": end.words,
                    "isChosen": end == form.end,
                ]
            },
        ]
        view["reasonMistake"] = mistakes.first { $0.field == "reason" }?.text
        view["endMistake"] = mistakes.first { $0.field == "end" }?.text
        return view
    }
}
