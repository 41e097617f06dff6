import Channels
import Yams

extension ConfigurationReader {
    /// The mailboxes below `mesh`, by name.
    mutating func meshMailboxes(_ node: Node, mayHurry: Bool) -> [Configuration.MESHMailbox] {
        mapping(node, "mesh").sorted { $0.key < $1.key }.map { meshMailbox($0.value, $0.key, mayHurry: mayHurry) }
    }

    /// - Parameter mayHurry: Whether looks may follow faster than MESH itself allows.
    private mutating func meshMailbox(
        _ node: Node, _ name: String, mayHurry: Bool
    ) -> Configuration.MESHMailbox {
        let key = "mesh.\(name)"
        let map = mapping(node, key)
        only(
            map, key,
            ["url", "password", "shared_key", "ca", "certificate", "key", "timeout", "interval", "senders"])
        var mailbox = Configuration.MESHMailbox(
            url: required(map, "url", key, node),
            mailbox: name,
            password: requiredSecret(map, "password", key, node),
            sharedKey: requiredSecret(map, "shared_key", key, node),
            authority: path(map, "ca"),
            certificate: path(map, "certificate"),
            privateKey: path(map, "key"),
            senders: meshSenders(map["senders"] ?? node, key)
        )
        if let seconds = integer(map, "timeout", key, 1...300) { mailbox.timeout = .seconds(seconds) }
        if let seconds = integer(map, "interval", key, (mayHurry ? 1 : 300)...86_400) {
            mailbox.interval = .seconds(seconds)
        }
        return mailbox
    }

    private mutating func meshSenders(_ node: Node, _ key: String) -> [Configuration.MESHMailbox.Sender] {
        guard let nodes = node.sequence, !nodes.isEmpty else {
            problem(node, "\(key).senders", "must be a list of { mailbox, workflow, partner }")
            return []
        }
        var senders: [Configuration.MESHMailbox.Sender] = []
        for (number, node) in nodes.enumerated() {
            let place = "\(key).senders[\(number)]"
            let map = mapping(node, place)
            only(map, place, ["mailbox", "workflow", "partner", "acknowledgement"])
            let sender = Configuration.MESHMailbox.Sender(
                mailbox: required(map, "mailbox", place, node).uppercased(),
                workflow: required(map, "workflow", place, node),
                partner: required(map, "partner", place, node),
                acknowledgement: string(map, "acknowledgement", place)
            )
            if sender.mailbox == Configuration.MESHMailbox.Sender.anybody, sender.acknowledgement != nil {
                problem(node, "\(place).acknowledgement", "cannot be sent to any mailbox")
            }
            if senders.contains(where: { $0.mailbox == sender.mailbox && $0.workflow == sender.workflow }) {
                problem(node, place, "stands there twice: whose message it is must be plain")
            }
            senders.append(sender)
        }
        return senders
    }

    /// A mailbox of ours to send from, and a partner's to send to.
    mutating func mesh(_ node: Node, _ key: String) -> Configuration.MESHEndpoint {
        let map = mapping(node, key)
        only(
            map, key,
            [
                "url", "mailbox", "to", "workflow", "workflows", "password", "shared_key", "ca", "certificate", "key",
                "timeout",
            ])
        var endpoint = Configuration.MESHEndpoint(
            url: required(map, "url", key, node),
            mailbox: required(map, "mailbox", key, node),
            recipientMailbox: required(map, "to", key, node),
            workflows: workflows(map, key, node),
            password: requiredSecret(map, "password", key, node),
            sharedKey: requiredSecret(map, "shared_key", key, node),
            authority: path(map, "ca"),
            certificate: path(map, "certificate"),
            privateKey: path(map, "key")
        )
        if let seconds = integer(map, "timeout", key, 1...300) { endpoint.timeout = .seconds(seconds) }
        return endpoint
    }

    /// One id, or one for each of the names that the partner's adapter has.
    private mutating func workflows(_ map: [String: Node], _ key: String, _ node: Node) -> MESHWorkflows {
        guard let named = map["workflows"] else { return .one(required(map, "workflow", key, node)) }
        if let one = map["workflow"] { problem(one, "\(key).workflow", "stands beside workflows: give one of them") }
        let ids = mapping(named, "\(key).workflows")
        if ids.isEmpty { problem(named, "\(key).workflows", "must be { NAME: ID, … }") }
        return .named(
            Dictionary(uniqueKeysWithValues: ids.keys.map { ($0, required(ids, $0, "\(key).workflows", named)) }))
    }
}
