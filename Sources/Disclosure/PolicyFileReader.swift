import Referral
import Yams

/// Reads the rules out of a file, collecting every problem instead of stopping at the first.
///
/// A key that is missing is a problem, never a default: a line that got lost must not make a rule wider.
struct PolicyFileReader {
    var problems: [PolicyFileError.Problem] = []

    /// Nil only when there are problems.
    mutating func rules(_ root: Node) -> PolicyRules? {
        let keys = [
            "format", "version", "purposes", "groups", "recipients", "inbound_only", "entered", "matrix", "ceilings",
        ]
        guard let map = mapping(root, "file", exactly: keys) else { return nil }
        if let format = map["format"], format.int != 1 { problem(format, "format", "must be 1") }
        let version = map["version"].flatMap { self.version($0) }
        let purposes = map["purposes"].map { words($0, "purposes", "purpose", as: Purpose.self) }
        let groupNames = map["groups"].map { self.groupNames($0) } ?? [:]
        let recipients = map["recipients"].map { self.recipients($0) } ?? []
        let senders = map["inbound_only"].map { self.senders($0, recipients) } ?? []
        let entered = map["entered"].map { self.entered($0, recipients, senders) } ?? []
        let register = RecipientRegister(recipients, inboundOnly: senders, entered: entered)
        let rows = map["matrix"].map { matrix($0, register, purposes) } ?? []
        let ceilings = map["ceilings"].map { self.ceilings($0, register, rows) } ?? [:]
        guard let version, let purposes, problems.isEmpty else { return nil }
        return PolicyRules(
            version: version, enabledPurposes: purposes, groupNames: groupNames, register: register, matrix: rows,
            ceilings: ceilings)
    }

    /// A version is stored with decisions, and printed: letters, digits, full stops and hyphens.
    private mutating func version(_ node: Node) -> String? {
        guard let text = text(node, "version") else { return nil }
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (3...64).contains(text.utf8.count), text.contains(".rules-") else {
            problem(node, "version", "must be like notice-1.rules-2: small letters, digits, full stops and hyphens")
            return nil
        }
        return text
    }

    private mutating func groupNames(_ node: Node) -> [FieldGroup: String] {
        guard let map = mapping(node, "groups", exactly: FieldGroup.allCases.map(\.rawValue)) else { return [:] }
        var names: [FieldGroup: String] = [:]
        for group in FieldGroup.allCases {
            names[group] = map[group.rawValue].flatMap { text($0, "groups.\(group.rawValue)") }
        }
        return names
    }

    // MARK: Leaves

    /// A mapping with these keys, each of them and no other; nil when it is no mapping. `optional` ones may be left out.
    mutating func mapping(
        _ node: Node, _ key: String, exactly known: [String], optional: [String] = []
    ) -> [String: Node]? {
        guard let map = mapping(node, key) else { return nil }
        let prefix = key == "file" ? "" : "\(key)."
        for (name, value) in map where !known.contains(name) && !optional.contains(name) {
            problem(value, prefix + name, "is not known here; known are \((known + optional).joined(separator: ", "))")
        }
        for name in known where map[name] == nil { problem(node, prefix + name, "is missing") }
        return map
    }

    mutating func mapping(_ node: Node, _ key: String) -> [String: Node]? {
        guard let pairs = node.mapping else {
            problem(node, key, "must be a mapping of keys to values")
            return nil
        }
        var map: [String: Node] = [:]
        for (name, value) in pairs {
            guard let text = name.string else {
                problem(name, key, "has a key that is no text")
                continue
            }
            if map.updateValue(value, forKey: text) != nil { problem(name, "\(key).\(text)", "stands there twice") }
        }
        return map
    }

    mutating func sequence(_ node: Node, _ key: String) -> [Node] {
        guard let nodes = node.sequence else {
            problem(node, key, "must be a list")
            return []
        }
        return Array(nodes)
    }

    /// Text that is there; plain `true`, `null` and numbers are not text.
    mutating func text(_ node: Node, _ key: String) -> String? {
        guard case .scalar(let scalar) = node, scalar.string.contains(where: { !$0.isWhitespace }),
            scalar.style != .plain || (node.null == nil && node.bool == nil && node.float == nil)
        else {
            problem(node, key, "must be text")
            return nil
        }
        return scalar.string
    }

    /// One word of a closed list.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(
        _ node: Node, _ key: String, as type: Word.Type
    ) -> Word? {
        guard let text = text(node, key) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            problem(node, key, "is \(text), which is not known; known are \(known)")
            return nil
        }
        return word
    }

    /// Words of a closed list, each once.
    mutating func words<Word: RawRepresentable<String> & CaseIterable & Hashable>(
        _ node: Node, _ key: String, _ what: String, as type: Word.Type, mayBeEmpty: Bool = false
    ) -> Set<Word> {
        var words: Set<Word> = []
        let nodes = sequence(node, key)
        if nodes.isEmpty, node.sequence != nil, !mayBeEmpty { problem(node, key, "is empty") }
        for node in nodes {
            guard let text = text(node, key) else { continue }
            guard let word = Word(rawValue: text) else {
                problem(node, key, "names \(text), which is no \(what)")
                continue
            }
            if !words.insert(word).inserted { problem(node, key, "names \(text) twice") }
        }
        return words
    }

    mutating func day(_ node: Node, _ key: String) -> CalendarDate? {
        guard case .scalar(let scalar) = node, let day = CalendarDate(iso: scalar.string) else {
            problem(node, key, "must be a day, such as 2026-04-01")
            return nil
        }
        return day
    }

    mutating func problem(_ node: Node?, _ key: String, _ text: String) {
        problems.append(.init(line: node?.mark?.line, key: key, text: text))
    }
}
