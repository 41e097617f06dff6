import Channels
import Postgres

/// Tries the way to a partner, step by step, without personal data.
package struct RouteTest: Sendable {
    /// One thing that was tried.
    package struct Step: Sendable, Hashable {
        /// The adapter's word for the channel; `status` for the way of status messages.
        package var channel: String
        package var what: String
        package var isPassed: Bool
        /// What was seen, in plain words.
        package var seen: String
    }

    private let installation: Installation

    package init(_ installation: Installation) { self.installation = installation }

    /// All steps for one partner, or a member of a kind; nil when no way to it is configured.
    package func run(_ recipient: String) async -> [Step]? {
        let ways = await installation.partners.probe(recipient)
        let status = await installation.statusWays[recipient]?.probe()
        guard ways != nil || status != nil else { return nil }
        var tried = (ways ?? []).map { way in
            (channel: way.channel, place: "outbound.\(way.route).\(way.channel).", steps: way.steps)
        }
        if let status { tried.append((channel: "status", place: "status.\(recipient).", steps: status)) }
        return tried.flatMap { channel, place, steps in
            let certificates = installation.certificates.filter { $0.setting.hasPrefix(place) }
            return certificates.map { certificate in
                Step(
                    channel: channel, what: String(certificate.setting.dropFirst(place.count)),
                    isPassed: certificate.isGood(at: .now()), seen: certificate.text)
            }
                + steps.map { Step(channel: channel, what: $0.what, isPassed: $0.isPassed, seen: $0.text) }
        }
    }
}
