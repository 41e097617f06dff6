import Yams

extension ConfigurationReader {
    /// - Parameters:
    ///   - data: The folder in which the files lie unless something else is said.
    ///   - listener: Where control rooms call.
    mutating func emergency(_ node: Node, data: String, listener: Node?) -> Configuration.Emergency {
        let (map, key) = (mapping(node, "emergency"), "emergency")
        only(map, key, ["journal", "journal_mebibytes", "snapshot", "review_hours", "duty", "call_back", "page_for"])
        var settings = Configuration.Emergency(
            journal: path(map, "journal") ?? data + "/emergency.journal",
            snapshot: path(map, "snapshot") ?? data + "/emergency.snapshot")
        if let mebibytes = integer(map, "journal_mebibytes", key, 1...4096) { settings.journalBytes = mebibytes << 20 }
        if let hours = integer(map, "review_hours", key, 1...720) { settings.reviewed = .seconds(hours * 3_600) }
        settings.duty = map["duty"].flatMap { duty($0) }
        settings.pageFor = Set(texts(map, "page_for", key))
        settings.callBack = map["call_back"].map { callBack($0) } ?? [:]
        let listening = listener?.mapping.map { Set($0.keys.compactMap(\.string)) } ?? []
        if listening.isDisjoint(with: ["client_certificates", "url"]) {
            problem(node, key, "lets no control room in: give listen.client_certificates, or listen.url for tokens")
        }
        if !settings.pageFor.isEmpty, !listening.isSuperset(of: ["client_certificates", "url"]) {
            problem(
                map["page_for"], "\(key).page_for",
                "needs listen.client_certificates, by which a room's computer is known, and listen.url")
        }
        return settings
    }

    private mutating func callBack(_ node: Node) -> [String: Set<String>] {
        let (rooms, key) = (mapping(node, "emergency.call_back"), "emergency.call_back")
        var numbers: [String: Set<String>] = [:]
        for room in rooms.keys {
            let known = Set(texts(rooms, room, key).map(CallRequest.normal))
            if known.contains(where: { !(5...16).contains($0.utf8.count) }) {
                problem(rooms[room], "\(key).\(room)", "must be a list of phone numbers of 5 to 15 digits")
            }
            numbers[room] = known
        }
        return numbers
    }

    private mutating func duty(_ node: Node) -> Configuration.Duty? {
        let (map, key) = (mapping(node, "emergency.duty"), "emergency.duty")
        only(map, key, ["https", "mail"])
        switch (map["https"], map["mail"]) {
        case (let node?, nil): return .https(https(node, "\(key).https"))
        case (nil, let node?): return .mail(dutyMail(node, "\(key).mail"))
        default:
            problem(node, key, "needs https or mail, and not both")
            return nil
        }
    }

    private mutating func dutyMail(_ node: Node, _ key: String) -> Configuration.DutyMail {
        let map = mapping(node, key)
        only(map, key, ["smtp", "user", "password", "ca", "timeout", "from", "to"])
        var mail = Configuration.DutyMail(
            smtp: required(map, "smtp", key, node), user: string(map, "user", key),
            password: map["password"].flatMap { secret($0, "\(key).password") }, authority: path(map, "ca"),
            from: required(map, "from", key, node), to: required(map, "to", key, node))
        if let seconds = integer(map, "timeout", key, 1...600) { mail.timeout = .seconds(seconds) }
        if !["smtps://", "smtp://"].contains(where: mail.smtp.hasPrefix) {
            problem(map["smtp"], "\(key).smtp", "must begin with smtps://, or with smtp:// for STARTTLS")
        }
        for (name, address) in [("from", mail.from), ("to", mail.to)] where !Self.isMailAddress(address) {
            problem(map[name], "\(key).\(name)", "must be an address such as team@example.org")
        }
        return mail
    }
}
