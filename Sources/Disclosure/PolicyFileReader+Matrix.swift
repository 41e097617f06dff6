import Referral
import Yams

// The matrix and the ceilings, held against what no file may loosen (disclosure policy, sections 3, 5 and 11).
extension PolicyFileReader {
    mutating func matrix(_ node: Node, _ register: RecipientRegister, _ purposes: Set<Purpose>?) -> [MatrixRow] {
        var rows: [MatrixRow] = []
        for (index, node) in sequence(node, "matrix").enumerated() {
            let key = "matrix[\(index)]"
            guard let row = row(node, key, register) else { continue }
            if rows.contains(where: { $0.purpose == row.purpose && $0.level == row.level }) {
                problem(node, key, "\(row.purpose.rawValue) has a row at this level already")
            }
            // Levels of one purpose stand in any order; each pair is compared once.
            for other in rows where other.purpose == row.purpose {
                let ranks = [row, other].map { Level.allCases.firstIndex(of: $0.level) ?? 0 }
                let (lower, higher) = ranks[0] < ranks[1] ? (row, other) : (other, row)
                if !lower.groups.isSubset(of: higher.groups) {
                    problem(
                        node, "\(key).groups",
                        "the row at \(lower.level.rawValue) has more than the one at \(higher.level.rawValue)")
                }
                if lower.unlisted != higher.unlisted || lower.recipients != higher.recipients {
                    problem(node, key, "the rows of \(row.purpose.rawValue) name different recipients")
                }
            }
            rows.append(row)
        }
        for purpose in purposes ?? [] where !rows.contains(where: { $0.purpose == purpose }) {
            problem(node, "matrix", "has no row for \(purpose.rawValue), which is in use")
        }
        return rows
    }

    private mutating func row(_ node: Node, _ key: String, _ register: RecipientRegister) -> MatrixRow? {
        let keys = [
            "purpose", "level", "conditions", "recipients", "unlisted", "groups", "channels", "obligations", "clauses",
        ]
        guard let map = mapping(node, key, exactly: keys) else { return nil }
        let purpose = map["purpose"].flatMap { word($0, "\(key).purpose", as: Purpose.self) }
        let level = map["level"].flatMap { word($0, "\(key).level", as: Level.self) }
        let conditions = map["conditions"].map {
            words($0, "\(key).conditions", "condition", as: Condition.self, mayBeEmpty: true)
        }
        let recipients = map["recipients"].map { self.recipients($0, "\(key).recipients", register) } ?? []
        let unlisted = map["unlisted"].flatMap { self.unlisted($0, "\(key).unlisted") } ?? nil
        let groups = map["groups"].map { words($0, "\(key).groups", "field group", as: FieldGroup.self) } ?? []
        let channels = map["channels"].map { self.channels($0, "\(key).channels") } ?? []
        let obligations =
            map["obligations"].map { words($0, "\(key).obligations", "obligation", as: Obligation.self) } ?? []
        let clauses = map["clauses"].map { self.clauses($0, "\(key).clauses") } ?? []
        guard let purpose, let level else { return nil }
        let row = MatrixRow(
            purpose: purpose, level: level, recipients: recipients, unlisted: unlisted, groups: groups,
            channels: channels, obligations: obligations, clauses: clauses)
        if let conditions, conditions != Condition.demanded(for: purpose, at: level) {
            let demanded = Condition.demanded(for: purpose, at: level).map(\.rawValue).sorted()
            problem(
                map["conditions"], "\(key).conditions",
                "must be [\(demanded.joined(separator: ", "))] for \(purpose.rawValue) at \(level.rawValue)")
        }
        let owed = Obligation.demanded(for: purpose, at: level).subtracting(obligations)
        if !owed.isEmpty {
            problem(map["obligations"] ?? node, "\(key).obligations", "lacks \(Self.list(owed))")
        }
        for breach in RowLimits(row, register).breaches {
            problem(map[breach.key] ?? node, "\(key).\(breach.key)", breach.text)
        }
        return row
    }

    /// Ids, and names of standings for all who have them.
    private mutating func recipients(_ node: Node, _ key: String, _ register: RecipientRegister) -> Set<String> {
        var ids: Set<String> = []
        let nodes = sequence(node, key)
        if nodes.isEmpty, node.sequence != nil { problem(node, key, "is empty, so the row can never permit") }
        for node in nodes {
            guard let text = text(node, key) else { continue }
            let named = Recipient.Standing(rawValue: text).map(register.ids) ?? [text]
            if named.isEmpty { problem(node, key, "names \(text), and nobody has that standing") }
            if Recipient.Standing(rawValue: text) == nil, register.recipients[text] == nil {
                problem(node, key, "names \(text), which is not in the register")
            }
            if !ids.isDisjoint(with: named) { problem(node, key, "names \(text) twice") }
            ids.formUnion(named)
        }
        return ids
    }

    private mutating func unlisted(_ node: Node, _ key: String) -> MatrixRow.Unlisted?? {
        if node.string == "none" { return .some(nil) }
        return word(node, key, as: MatrixRow.Unlisted.self).map { .some($0) }
    }

    /// The name of a set of channels, or a list of them.
    private mutating func channels(_ node: Node, _ key: String) -> Set<ReleaseChannel> {
        guard let name = node.string else {
            return words(node, key, "channel", as: ReleaseChannel.self)
        }
        guard let channels = Set<ReleaseChannel>.named[name] else {
            let known = Set<ReleaseChannel>.named.keys.sorted().joined(separator: ", ")
            problem(node, key, "is \(name); known are \(known), or a list of channels")
            return []
        }
        return channels
    }

    private mutating func clauses(_ node: Node, _ key: String) -> [String] {
        var clauses: [String] = []
        let nodes = sequence(node, key)
        if nodes.isEmpty, node.sequence != nil { problem(node, key, "is empty") }
        for node in nodes {
            guard let text = text(node, key) else { continue }
            guard text.hasPrefix("C"), let number = Int(text.dropFirst()), (1...20).contains(number) else {
                problem(node, key, "names \(text), which is no clause of the notice")
                continue
            }
            if clauses.contains(text) { problem(node, key, "names \(text) twice") }
            clauses.append(text)
        }
        return clauses
    }

    /// A line for each recipient who gets anything by consent or in an emergency: a line that gets lost would lift the
    /// ceiling.
    mutating func ceilings(
        _ node: Node, _ register: RecipientRegister, _ rows: [MatrixRow]
    ) -> [String: Set<FieldGroup>] {
        guard let map = mapping(node, "ceilings") else { return [:] }
        let bound = rows.filter { $0.purpose.family == .consent || $0.purpose.family == .emergency }
        var ceilings: [String: Set<FieldGroup>] = [:]
        for (id, value) in map.sorted(by: { $0.key < $1.key }) {
            let key = "ceilings.\(id)"
            let reached = bound.filter { $0.recipients.contains(id) }
            if register.recipients[id] == nil {
                problem(value, key, "is not in the register")
            } else if reached.isEmpty {
                problem(value, key, "limits a recipient whom no row of consent or emergency names")
            }
            if value.string == "row" { continue }
            let ceiling = words(value, key, "field group", as: FieldGroup.self)
            let all = reached.reduce(into: Set<FieldGroup>()) { $0.formUnion($1.groups) }
            let unknown = ceiling.subtracting(all)
            if !reached.isEmpty, !unknown.isEmpty {
                problem(value, key, "names \(Self.list(unknown)), which no row gives this recipient")
            }
            for row in reached where row.groups.isDisjoint(with: ceiling) {
                problem(value, key, "leaves nothing of \(row.purpose.rawValue), so that can never be permitted")
            }
            ceilings[id] = ceiling
        }
        let named = bound.reduce(into: Set<String>()) { $0.formUnion($1.recipients) }
        for id in named.subtracting(map.keys).sorted() where register.recipients[id] != nil {
            problem(node, "ceilings.\(id)", "is missing: list its groups, or say row")
        }
        return ceilings
    }

    static func list<Word: RawRepresentable<String>>(_ words: Set<Word>) -> String {
        words.map(\.rawValue).sorted().joined(separator: ", ")
    }
}
