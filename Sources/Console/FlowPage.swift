import Referral

extension Console {
    /// The first page: the hub as a picture, senders on the left, queues in the middle, partners on the right, and above it
    /// what needs a person, the most urgent first.
    package func flow(_ picture: FlowPicture, _ reader: Reader, sections: Set<Section>) -> String {
        page("flow", picture.headline, reader, in: .flow, sections: sections, Self.view(picture))
    }

    /// What changes on the first page while somebody looks at it.
    package struct FlowParts: Sendable, Hashable {
        /// The page's title.
        package var title: String
        /// By the id of the element which it is in, as HTML.
        package var elements: [String: String]
    }

    /// The parts of ``flow(_:_:sections:)`` that change, as they are on it.
    package func flowParts(_ picture: FlowPicture) -> FlowParts {
        let values = Self.view(picture)
        let parts = ["headline", "at", "needs", "way", "chart", "rows"]
        return FlowParts(
            title: "\(picture.headline) – \(team)",
            elements: Dictionary(
                uniqueKeysWithValues: parts.map { ("live-\($0)", Self.render(values, "flow_\($0)")) }))
    }

    private static func view(_ picture: FlowPicture) -> [String: Any] {
        let needs = picture.urgentNeeds
        return [
            "heading": "Flow", "headline": picture.headline,
            "at": Moment(picture.at, now: picture.at).view,
            "needs": needs.map { Self.view($0, at: picture.at) }, "isNothingNeeded": needs.isEmpty,
            "senders": picture.senders.map { Self.view($0, at: picture.at) },
            "hasNoSender": picture.senders.isEmpty,
            "stages": picture.stages.map { Self.view($0, at: picture.at) },
            "partners": picture.partners.map { Self.view($0, at: picture.at) },
            "hasNoPartner": picture.partners.isEmpty,
            "traffic": picture.traffic.view(at: picture.at),
            "feed": "\(Console.feedPath)?over=\(picture.traffic.period.rawValue)",
        ]
    }

    private static func view(_ sender: FlowPicture.Sender, at now: Instant) -> [String: Any] {
        var view: [String: Any] = [
            "name": sender.name, "lastHour": sender.lastHour.grouped, "rate": sender.perMinute.rate,
        ]
        view["last"] = sender.lastAt.map { Moment($0, now: now).view }
        return view
    }

    static func view(_ station: FlowPicture.Station, at now: Instant) -> [String: Any] {
        let state = station.state
        var view: [String: Any] = [
            "name": station.name, "ready": station.ready.grouped, "delayed": station.delayed.grouped,
            "inHand": station.inHand.grouped, "dead": station.dead.grouped, "hasDead": station.dead > 0,
            "hasDelayed": station.delayed > 0, "state": state.words, "sign": state.sign, "style": state.style,
            "rate": station.perMinute.rate, "pagePath": Self.path(ofQueue: station.queue),
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
