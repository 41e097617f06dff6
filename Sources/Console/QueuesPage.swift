package import Referral

extension Console {
    /// Where the page of a queue is served.
    package static func path(ofQueue queue: String) -> String { "\(Section.queues.path)/\(queue)" }

    /// Every queue: those to partners, and the hub's own.
    package func queues(
        partners: [FlowPicture.Station], stages: [FlowPicture.Station], at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        let halted = (partners + stages).count { $0.state != .ok }
        let headline =
            halted == 0
            ? "All queues flow" : halted == 1 ? "1 queue does not flow" : "\(halted.grouped) queues do not flow"
        func view(_ stations: [FlowPicture.Station]) -> [[String: Any]] {
            stations.map { Self.view($0, at: now) }
        }
        return page(
            "queues", "Queues: \(headline.lowercased())", reader, in: .queues, sections: sections,
            [
                "heading": "Queues", "headline": headline, "at": Moment(now, now: now).view,
                "groups": [
                    ["id": "partners", "title": "To partners", "queues": view(partners), "isEmpty": partners.isEmpty],
                    ["id": "stages", "title": "Of the hub itself", "queues": view(stages), "isEmpty": stages.isEmpty],
                ] as [[String: Any]],
            ])
    }
}
