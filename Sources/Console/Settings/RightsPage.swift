package import Referral

extension Console {
    /// What one operation is, and which roles may do it.
    package struct Right: Sendable {
        /// The code word, by which `hub rights` and refusals name it.
        package var operation: String
        package var words: String
        /// Roles that do it to what is anybody's, and those that do it to what is their own.
        package var any: [String]
        package var own: [String]

        package init(operation: String, words: String, any: [String], own: [String]) {
            self.operation = operation
            self.words = words
            self.any = any
            self.own = own
        }
    }

    /// The table of who may do what.
    package func rights(
        _ rights: [Right], roles: [String], parts: Set<SettingsPart>, at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        let byRole = roles.map { role -> Sheet.Block in
            let own = rights.filter { $0.own.contains(role) }
            let any = rights.filter { $0.any.contains(role) }
            return Sheet.Block(
                id: role, title: Self.words(ofRole: role).capitalisedFirst,
                table: .init(
                    columns: ["May", "Of", "Operation"],
                    rows: own.map { .init(name: $0.words, cells: [.init(text: "its own"), .init(text: $0.operation)]) }
                        + any.map { .init(name: $0.words, cells: [.init(text: "anybody"), .init(text: $0.operation)]) })
            )
        }
        return settings(
            Sheet(
                title: "Who may do what", part: .rights, blocks: byRole,
                help: [
                    "Every page and every call asks this table. Whoever has several roles may do what any of them may; whoever is not named may not. It is part of the program and is not changed here.",
                    "What may leave the hub is decided for each share by the disclosure policy, whoever asks.",
                ]), parts: parts, at: now, reader, sections: sections)
    }
}

extension String {
    /// With a capital at its beginning.
    var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }
}
