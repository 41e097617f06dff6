import Yams

extension ConfigurationReader {
    /// The mailbox for plain e-mail, and how its writers are answered.
    mutating func mail(_ node: Node) -> Configuration.Mail {
        let (map, key) = (mapping(node, "mail"), "mail")
        only(map, key, ["imap", "user", "password", "folder", "done", "ca", "interval", "timeout", "reply"])
        let reply = map["reply"].map { mapping($0, "mail.reply") } ?? [:]
        if map["reply"] == nil { problem(node, "mail.reply", "is missing: say how writers are answered") }
        only(reply, "mail.reply", ["smtp", "user", "password", "from", "portal", "per_hour"])
        let parent = map["reply"] ?? node
        var mail = Configuration.Mail(
            imap: required(map, "imap", key, node),
            user: required(map, "user", key, node),
            password: requiredSecret(map, "password", key, node),
            folder: string(map, "folder", key) ?? "INBOX",
            doneFolder: string(map, "done", key),
            authority: path(map, "ca"),
            smtp: required(reply, "smtp", "mail.reply", parent),
            smtpUser: string(reply, "user", "mail.reply"),
            smtpPassword: reply["password"].flatMap { secret($0, "mail.reply.password") },
            address: required(reply, "from", "mail.reply", parent),
            portal: required(reply, "portal", "mail.reply", parent)
        )
        if !mail.imap.hasPrefix("imaps://") { problem(map["imap"], "mail.imap", "must begin with imaps://") }
        if !["smtps://", "smtp://"].contains(where: mail.smtp.hasPrefix) {
            problem(reply["smtp"], "mail.reply.smtp", "must begin with smtps://, or with smtp:// for STARTTLS")
        }
        if !mail.portal.hasPrefix("https://") {
            problem(reply["portal"], "mail.reply.portal", "must begin with https://")
        }
        if !Self.isMailAddress(mail.address) {
            problem(reply["from"], "mail.reply.from", "must be an address such as team@example.org")
        }
        if let seconds = integer(map, "interval", key, 1...86_400) { mail.interval = .seconds(seconds) }
        if let seconds = integer(map, "timeout", key, 1...600) { mail.timeout = .seconds(seconds) }
        if let answers = integer(reply, "per_hour", "mail.reply", 0...10_000) { mail.repliesPerHour = answers }
        return mail
    }

    /// Whether it is one address, without anything that a header could end at.
    static func isMailAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && ![0x3C, 0x3E].contains($0) }
    }
}
