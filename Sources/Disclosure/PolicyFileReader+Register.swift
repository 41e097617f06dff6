import Referral
import Yams

// The register: recipients, those who only send, and those entered by name.
extension PolicyFileReader {
    /// How the members of a kind receive.
    private enum Members: String, CaseIterable {
        /// It is no kind.
        case none
        case open
        /// Only while under contract.
        case contract
    }

    mutating func recipients(_ node: Node) -> [Recipient] {
        guard let map = mapping(node, "recipients") else { return [] }
        return map.sorted { $0.key < $1.key }.compactMap { recipient($0, $1) }
    }

    private mutating func recipient(_ id: String, _ node: Node) -> Recipient? {
        let key = "recipients.\(id)"
        if !Self.isID(id) { problem(node, key, "an id has small letters, digits and underscores") }
        if Recipient.Standing(rawValue: id) != nil { problem(node, key, "is the name of a standing") }
        guard let map = mapping(node, key, exactly: ["standing", "members", "names"]) else { return nil }
        let standing = map["standing"].flatMap { word($0, "\(key).standing", as: Recipient.Standing.self) }
        let members = map["members"].flatMap { word($0, "\(key).members", as: Members.self) }
        let names = map["names"].map { self.names($0, "\(key).names") } ?? []
        if standing == .person, id != "subject" { problem(node, key, "only subject is the person") }
        if id == "subject", standing != .person { problem(node, key, "subject must have the standing person") }
        guard let standing, let members else { return nil }
        return Recipient(
            id, standing, names: names, isKind: members != .none, needsContract: members == .contract)
    }

    /// Names, oldest first: the first without a day, each later one with a later day.
    private mutating func names(_ node: Node, _ key: String) -> [Recipient.Name] {
        let nodes = sequence(node, key)
        if nodes.isEmpty, node.sequence != nil { problem(node, key, "is empty") }
        var names: [Recipient.Name] = []
        for (index, node) in nodes.enumerated() {
            let key = "\(key)[\(index)]"
            guard let map = mapping(node, key, exactly: index == 0 ? ["name"] : ["name", "since"]),
                let name = map["name"].flatMap({ text($0, "\(key).name") })
            else { continue }
            let since = map["since"].flatMap { day($0, "\(key).since") }
            if let since, let before = names.last?.since, since <= before {
                problem(map["since"], "\(key).since", "is not later than the name before")
            }
            names.append(Recipient.Name(text: name, since: since))
        }
        return names
    }

    mutating func senders(_ node: Node, _ recipients: [Recipient]) -> Set<String> {
        var senders: Set<String> = []
        for node in sequence(node, "inbound_only") {
            guard let id = text(node, "inbound_only") else { continue }
            if !Self.isID(id) { problem(node, "inbound_only", "names \(id), which is no id") }
            if recipients.contains(where: { $0.id == id }) {
                problem(node, "inbound_only", "names \(id), which is a recipient")
            }
            if !senders.insert(id).inserted { problem(node, "inbound_only", "names \(id) twice") }
        }
        return senders
    }

    mutating func entered(
        _ node: Node, _ recipients: [Recipient], _ senders: Set<String>
    ) -> [EnteredRecipient] {
        var entries: [EnteredRecipient] = []
        for (index, node) in sequence(node, "entered").enumerated() {
            let key = "entered[\(index)]"
            guard let entry = entry(node, key, recipients, senders) else { continue }
            for other in entries where other.id == entry.id {
                if other.role != entry.role {
                    problem(node, key, "\(entry.id) is entered as another already")
                } else if other.from < entry.until ?? .last, entry.from < other.until ?? .last {
                    problem(node, key, "\(entry.id) is entered for a part of that time already")
                }
            }
            entries.append(entry)
        }
        return entries
    }

    private mutating func entry(
        _ node: Node, _ key: String, _ recipients: [Recipient], _ senders: Set<String>
    ) -> EnteredRecipient? {
        let keys = ["id", "as", "name", "from", "until", "entered_by", "entered_on"]
        guard let map = mapping(node, key, exactly: keys) else { return nil }
        let id = map["id"].flatMap { text($0, "\(key).id") }
        let role = map["as"].flatMap { word($0, "\(key).as", as: EnteredRecipient.Role.self) }
        let name = map["name"].flatMap { text($0, "\(key).name") }
        let from = map["from"].flatMap { day($0, "\(key).from") }
        let isOpen = map["until"]?.string == "open"
        let until = isOpen ? nil : map["until"].flatMap { day($0, "\(key).until") }
        let enteredBy = map["entered_by"].flatMap { text($0, "\(key).entered_by") }
        let enteredOn = map["entered_on"].flatMap { day($0, "\(key).entered_on") }
        guard let id, let role, let name, let from, isOpen || until != nil, let enteredBy, let enteredOn else {
            return nil
        }
        if let until, until <= from { problem(map["until"], "\(key).until", "is not after from, so it never holds") }
        if enteredOn > from { problem(map["entered_on"], "\(key).entered_on", "is later than from: enter first") }
        checkID(id, role, map["id"], "\(key).id", recipients, senders)
        return EnteredRecipient(
            id: id, role: role, name: name, from: from, until: until, enteredBy: enteredBy, enteredOn: enteredOn)
    }

    private mutating func checkID(
        _ id: String, _ role: EnteredRecipient.Role, _ node: Node?, _ key: String, _ recipients: [Recipient],
        _ senders: Set<String>
    ) {
        switch role {
        case .member:
            let register = RecipientRegister(recipients, inboundOnly: [])
            guard case .recipient(_, member: _?) = register[id] else {
                problem(node, key, "is no member of a kind, such as care_provider:example")
                return
            }
        case .researchThirdParty, .publicBody:
            if !Self.isID(id) || recipients.contains(where: { $0.id == id }) || senders.contains(id) {
                problem(node, key, "must be an id of its own, of small letters, digits and underscores")
            }
        }
    }

    /// 2 to 64 of small letters, digits and underscores, a letter first.
    static func isID(_ text: String) -> Bool {
        guard (2...64).contains(text.utf8.count), let first = text.utf8.first else { return false }
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
