import Yams

extension ConfigurationReader {
    /// - Parameters:
    ///   - data: The folder in which the files lie unless something else is said.
    ///   - listener: Where control rooms call.
    mutating func emergency(_ node: Node, data: String, listener: Node?) -> Configuration.Emergency {
        let (map, key) = (mapping(node, "emergency"), "emergency")
        only(map, key, ["journal", "journal_mebibytes", "snapshot", "review_hours"])
        var settings = Configuration.Emergency(
            journal: path(map, "journal") ?? data + "/emergency.journal",
            snapshot: path(map, "snapshot") ?? data + "/emergency.snapshot")
        if let mebibytes = integer(map, "journal_mebibytes", key, 1...4096) { settings.journalBytes = mebibytes << 20 }
        if let hours = integer(map, "review_hours", key, 1...720) { settings.reviewed = .seconds(hours * 3_600) }
        let listening = listener?.mapping.map { Set($0.keys.compactMap(\.string)) } ?? []
        if listening.isDisjoint(with: ["client_certificates", "url"]) {
            problem(node, key, "lets no control room in: give listen.client_certificates, or listen.url for tokens")
        }
        return settings
    }
}
