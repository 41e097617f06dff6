import Referral

extension Console {
    /// The first page: the hub as a picture, senders on the left, queues in the middle, partners on the right, and above it
    /// what needs a person, the most urgent first.
    package func flow(_ picture: FlowPicture, _ reader: Reader, sections: Set<Section>) -> String {
        let needs = picture.needs.filter { $0.count > 0 }.sorted {
            ($0.urgency, $0.since ?? picture.at) < ($1.urgency, $1.since ?? picture.at)
        }
        let halted = (picture.stages + picture.partners).filter { $0.state != .ok }
        return page(
            "flow", Self.headline(needs, halted), reader, in: .flow, sections: sections,
            [
                "heading": "Flow", "headline": Self.headline(needs, halted),
                "at": Moment(picture.at, now: picture.at).view,
                "needs": needs.map { Self.view($0, at: picture.at) }, "isNothingNeeded": needs.isEmpty,
                "senders": picture.senders.map { Self.view($0, at: picture.at) },
                "hasNoSender": picture.senders.isEmpty,
                "stages": picture.stages.map { Self.view($0, at: picture.at) },
                "partners": picture.partners.map { Self.view($0, at: picture.at) },
                "hasNoPartner": picture.partners.isEmpty,
            ])
    }

    /// What somebody who only reads the tab's title must know.
    private static func headline(_ needs: [FlowPicture.Need], _ halted: [FlowPicture.Station]) -> String {
        let now = needs.filter { $0.urgency == .now }.map(\.count).reduce(0, +)
        if now > 0 { return "\(now.grouped) \(now == 1 ? "thing needs" : "things need") somebody now" }
        if halted.count == 1 { return "\(halted[0].name): \(halted[0].state.words.lowercased())" }
        if halted.count > 1 { return "\(halted.count.grouped) queues do not flow" }
        return "Everything flows"
    }

    private static func view(_ sender: FlowPicture.Sender, at now: Instant) -> [String: Any] {
        var view: [String: Any] = ["name": sender.name, "lastHour": sender.lastHour.grouped]
        view["last"] = sender.lastAt.map { Moment($0, now: now).view }
        return view
    }

    private static func view(_ station: FlowPicture.Station, at now: Instant) -> [String: Any] {
        let state = station.state
        var view: [String: Any] = [
            "name": station.name, "ready": station.ready.grouped, "delayed": station.delayed.grouped,
            "inHand": station.inHand.grouped, "dead": station.dead.grouped, "hasDead": station.dead > 0,
            "hasDelayed": station.delayed > 0, "state": state.words, "sign": state.sign, "style": state.style,
        ]
        view["oldest"] = station.oldest?.spoken
        if let pause = station.pause {
            view["pause"] = pause.reason
            view["until"] = pause.until.map { Moment($0, now: now).view }
        }
        if station.circuit == .probing { view["isProbed"] = true }
        return view
    }

    private static func view(_ need: FlowPicture.Need, at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "urgency": need.urgency.words, "style": need.urgency.style, "text": need.text, "count": need.count.grouped,
        ]
        view["needPath"] = need.path
        if let since = need.since {
            view["age"] = Duration.microseconds(max(0, now.microseconds - since.microseconds)).spoken
        }
        return view
    }
}
