package import Referral

/// How this installation is set up, at a glance. No secret is part of it.
package struct SettingsOverview: Sendable {
    /// Something that ends on a known day, or cannot be read.
    package struct End: Sendable {
        package var what: String
        /// Nil when it cannot be read.
        package var at: Instant?

        package init(what: String, at: Instant?) {
            self.what = what
            self.at = at
        }
    }

    /// How the store of keys is backed up.
    package enum Backup: Sendable {
        /// Not by the hub.
        case none
        /// When the last was made; nil for none yet.
        case folder(last: Instant?)
        case unreadable
    }

    package struct Key: Sendable {
        /// By which it is told from others; nothing can be computed from it.
        package var mark: String
        /// Since when it wraps; nil where it always did.
        package var currentSince: Instant?

        package init(mark: String, currentSince: Instant?) {
            self.mark = mark
            self.currentSince = currentSince
        }
    }

    package struct Counts: Sendable {
        package var all: Int
        /// Of all of them, those that are enabled.
        package var enabled: Int

        package init(all: Int, enabled: Int) {
            self.all = all
            self.enabled = enabled
        }
    }

    package var at: Instant
    /// The last migration of each line of the schema that this program needs and the database has, as `record 34`.
    package var schema: [String]
    package var node: String
    package var servingSince: Instant
    /// The machines on which the hub runs, with when each was seen last.
    package var nodes: [(name: String, seenAt: Instant)]
    package var policy: (version: String, digest: String?, since: Instant?)
    package var partners: Counts
    /// How many there are, and how many have samples that fail; nil while none were run here.
    package var adapters: Int
    package var failingAdapters: Int?
    /// Nil for whoever may not see accounts.
    package var users: Counts?
    /// Names of the accounts that may sign in and have no second factor yet.
    package var unprotected: [String]
    package var key: Key
    package var backup: Backup
    package var ends: [End]

    package init(
        at: Instant, schema: [String], node: String, servingSince: Instant, nodes: [(name: String, seenAt: Instant)],
        policy: (version: String, digest: String?, since: Instant?), partners: Counts, adapters: Int,
        failingAdapters: Int?, users: Counts?, unprotected: [String], key: Key, backup: Backup, ends: [End]
    ) {
        self.at = at
        self.schema = schema
        self.node = node
        self.servingSince = servingSince
        self.nodes = nodes
        self.policy = policy
        self.partners = partners
        self.adapters = adapters
        self.failingAdapters = failingAdapters
        self.users = users
        self.unprotected = unprotected
        self.key = key
        self.backup = backup
        self.ends = ends
    }
}

extension SettingsOverview {
    /// What somebody should see to.
    var points: [Sheet.Point] {
        var points = ends.map { end -> Sheet.Point in
            guard let ends = end.at else {
                return .init(style: .bad, state: "Unreadable:", text: end.what)
            }
            return ends <= at
                ? .init(style: .bad, state: "Ended:", text: "\(end.what), on \(ends.date.iso)")
                : .init(style: .odd, state: "Ends soon:", text: "\(end.what), on \(ends.date.iso)")
        }
        if let failingAdapters, failingAdapters > 0 {
            points.append(
                .init(
                    style: .bad, state: "Failing:",
                    text: "samples of \(failingAdapters == 1 ? "1 adapter" : "\(failingAdapters) adapters")",
                    path: Console.SettingsPart.adapters.path))
        }
        if !unprotected.isEmpty {
            points.append(
                .init(
                    style: .odd, state: "Not set up:",
                    text: unprotected.count == 1
                        ? "the account \(unprotected[0]) has no second factor yet"
                        : "\(unprotected.count) accounts have no second factor yet",
                    path: Console.SettingsPart.users.path))
        }
        switch backup {
        case .none:
            points.append(
                .init(
                    style: .odd, state: "Not backed up:",
                    text: "the key store, by the hub itself. Set key_store, or be sure that another backup has it."))
        case .unreadable:
            points.append(.init(style: .bad, state: "Unreadable:", text: "the folder of the key store’s backups"))
        case .folder(let last):
            // One is made each day; two days without are no chance.
            if let last, at.microseconds - last.microseconds <= Int64(2 * 86_400) * 1_000_000 { break }
            points.append(.init(style: .bad, state: "Late:", text: "the key store was not backed up for two days"))
        }
        return points
    }
}

extension Console {
    /// How this installation is set up.
    package func settingsOverview(
        _ overview: SettingsOverview, parts: Set<SettingsPart>, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let points = overview.points
        let title =
            points.isEmpty
            ? "Settings"
            : points.count == 1 ? "Settings: 1 thing to see to" : "Settings: \(points.count) things to see to"
        let attention = Sheet.Block(
            id: "attention", title: "What to see to",
            texts: points.isEmpty ? ["Nothing: no end is near, and all that was tested is as it should be."] : [],
            points: points)
        var known: [Sheet.Fact] = [
            Self.fact("Partners and systems of staff", overview.partners, "active", SettingsPart.partners),
            .init(
                term: "Adapters",
                text: overview.failingAdapters.map {
                    "\(overview.adapters), \($0 == 0 ? "none" : String($0)) with samples that fail"
                }
                    ?? "\(overview.adapters), not tested since this process was started",
                path: SettingsPart.adapters.path),
        ]
        if let users = overview.users {
            known.append(Self.fact("Accounts of staff", users, "enabled", SettingsPart.users))
        }
        let policy = overview.policy
        known.append(.init(term: "Disclosure policy", text: policy.version, path: SettingsPart.policy.path))
        if let digest = policy.digest { known.append(.init(term: "Its file’s SHA-256", text: digest)) }
        if let since = policy.since { known.append(.init(term: "In use since", text: "", at: since)) }
        var keys: [Sheet.Fact] = [
            .init(term: "Key that wraps", text: overview.key.mark),
            overview.key.currentSince.map {
                .init(
                    term: "Changed last", text: "\(Duration.microseconds($0.distance(to: overview.at)).spoken) ago,",
                    at: $0)
            } ?? .init(term: "Changed last", text: "never since the hub was installed"),
        ]
        if case .folder(let last?) = overview.backup {
            keys.append(.init(term: "Key store backed up last", text: "", at: last))
        }
        let running: [Sheet.Fact] =
            [
                .init(term: "This process", text: "on \(overview.node), since", at: overview.servingSince),
                .init(term: "Version of the schema", text: overview.schema.joined(separator: ", ")),
            ]
            + overview.nodes.map { .init(term: "Runs on", text: "\($0.name), seen", at: $0.seenAt) }
        return settings(
            Sheet(
                title: title, part: .overview,
                blocks: [
                    attention, .init(id: "known", title: "What the hub knows", facts: known),
                    .init(id: "keys", title: "The installation’s key", facts: keys),
                    .init(id: "running", title: "What runs", facts: running),
                ],
                help: [
                    "Everything personal is sealed by data keys, and those are wrapped by the installation’s key, of which only the mark stands here. It is changed by the command hub keys rotate.",
                    "What the configuration file says is changed there, and holds from the next start.",
                ]), parts: parts, at: overview.at, reader, sections: sections)
    }

    private static func fact(
        _ term: String, _ counts: SettingsOverview.Counts, _ state: String, _ part: SettingsPart
    ) -> Sheet.Fact {
        let words = counts.all == counts.enabled ? "all \(state)" : "\(counts.enabled.grouped) of them \(state)"
        return .init(term: term, text: "\(counts.all.grouped), \(words)", path: part.path)
    }
}

extension Instant {
    /// Microseconds from here to a later moment.
    fileprivate func distance(to later: Instant) -> Int64 { later.microseconds - microseconds }
}
