package import Referral

/// The versions of the disclosure rules that the hub has, and the rules of one.
package struct PolicySettings: Sendable {
    package struct Version: Sendable {
        package var name: String
        package var isInForce: Bool
        /// SHA-256 of its file.
        package var digest: String?
        /// When it was taken into use, the latest first.
        package var used: [Instant]

        package init(name: String, isInForce: Bool, digest: String?, used: [Instant]) {
            self.name = name
            self.isInForce = isInForce
            self.digest = digest
            self.used = used
        }
    }

    /// A row of the matrix: what may go at most, to whom, for a purpose at a level.
    package struct Rule: Sendable, Equatable {
        package var purpose: String
        package var level: String
        package var recipients: [String]
        package var groups: [String]
        package var channels: [String]
        package var clauses: [String]

        package init(
            purpose: String, level: String, recipients: [String], groups: [String], channels: [String],
            clauses: [String]
        ) {
            self.purpose = purpose
            self.level = level
            self.recipients = recipients
            self.groups = groups
            self.channels = channels
            self.clauses = clauses
        }

        var name: String { "\(Console.words(ofRole: purpose)), \(level)" }

        /// What another row of the same purpose and level has otherwise, in words.
        func differences(from other: Rule) -> [String] {
            [
                recipients != other.recipients ? "recipients" : nil, groups != other.groups ? "what may go" : nil,
                channels != other.channels ? "ways" : nil, clauses != other.clauses ? "clauses" : nil,
            ].compactMap(\.self)
        }
    }

    package var version: Version
    package var versions: [Version]
    package var rules: [Rule]
    /// Those of the version in force.
    package var rulesInForce: [Rule]
    package var purposes: [String]
    package var recipients: Int

    package init(
        version: Version, versions: [Version], rules: [Rule], rulesInForce: [Rule], purposes: [String], recipients: Int
    ) {
        self.version = version
        self.versions = versions
        self.rules = rules
        self.rulesInForce = rulesInForce
        self.purposes = purposes
        self.recipients = recipients
    }

    /// How a rule stands against the version in force.
    func comparison(of rule: Rule) -> String {
        guard let other = rulesInForce.first(where: { $0.name == rule.name }) else { return "not in the one in force" }
        let differences = rule.differences(from: other)
        return differences.isEmpty ? "the same" : "other \(differences.joined(separator: ", "))"
    }

    /// Rules of the version in force that this one lacks.
    var missing: [Rule] { rulesInForce.filter { other in !rules.contains { $0.name == other.name } } }
}

extension Console {
    package static func policyPath(_ version: String) -> String { "\(SettingsPart.policy.path)/\(version)" }

    /// A version of the disclosure rules, beside the list of all.
    package func policy(
        _ policy: PolicySettings, parts: Set<SettingsPart>, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let version = policy.version
        let versions = Sheet.Block(
            id: "versions", title: policy.versions.count == 1 ? "1 version" : "\(policy.versions.count) versions",
            table: .init(
                columns: ["Version", "State", "Taken into use", "SHA-256 of its file"],
                rows: policy.versions.map { one in
                    .init(
                        name: one.name, path: Self.policyPath(one.name), style: one.isInForce ? .good : .plain,
                        cells: [
                            .init(text: one.isInForce ? "in force" : "kept", isState: one.isInForce),
                            one.used.first.map { .init(text: "", at: $0) } ?? .init(text: "never"),
                            .init(text: one.digest ?? "–"),
                        ])
                }))
        var facts: [Sheet.Fact] = [
            .init(
                term: "State", text: version.isInForce ? "in force" : "kept, to explain decisions that were made by it"),
            .init(term: "Purposes in use", text: policy.purposes.map(Self.words(ofRole:)).joined(separator: ", ")),
            .init(term: "Recipients in the register", text: policy.recipients.grouped),
        ]
        facts += version.used.map { .init(term: "Taken into use", text: "by the hub at its start,", at: $0) }
        var columns = ["For", "To", "At most", "By", "Clauses of the notice"]
        if !version.isInForce { columns.append("Against the one in force") }
        var rules = Sheet.Block(
            id: "rules", title: "Its rules",
            table: .init(
                columns: columns,
                rows: policy.rules.map { rule in
                    var cells: [Sheet.Cell] = [
                        .init(text: rule.recipients.joined(separator: ", ")),
                        .init(text: rule.groups.joined(separator: ", ")),
                        .init(text: rule.channels.map(Self.words(ofRole:)).joined(separator: ", ")),
                        .init(text: rule.clauses.joined(separator: ", ")),
                    ]
                    if !version.isInForce { cells.append(.init(text: policy.comparison(of: rule))) }
                    return .init(name: rule.name, cells: cells)
                }))
        if !version.isInForce {
            rules.texts = policy.missing.map { "The version in force has a rule that this one lacks: \($0.name)." }
        }
        return settings(
            Sheet(
                title: "Disclosure policy \(version.name)", part: .policy,
                blocks: [.init(id: "about", facts: facts), rules, versions],
                help: [
                    "A share leaves only where the rules in force permit it at that moment, and each decision keeps the version that it was made by. A rule names the most that may go, to whom and by which ways, for one purpose; the order in which all else is looked at is part of the program.",
                    "Rules are a file, which the configuration names by policy. A new version is another file, checked by hub policy check, and in force from the next start. Nothing of it is changed here.",
                ]), parts: parts, at: now, reader, sections: sections)
    }
}
