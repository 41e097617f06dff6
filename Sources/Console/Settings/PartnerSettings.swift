package import Referral

/// A partner, or a system of staff, and by what it is let in. No secret is part of it.
package struct PartnerSettings: Sendable {
    package struct Credential: Sendable {
        package enum Kind: String, Sendable {
            case apiKey = "api_key"
            case certificate
            case certificateName = "certificate_name"
            case clientKey = "client_key"

            var words: String {
                switch self {
                case .apiKey: "API key"
                case .certificate: "Certificate, known by its key"
                case .certificateName: "Certificate, known by a name in it"
                case .clientKey: "Key that signs for access tokens"
                }
            }
        }

        package enum State: String, Sendable {
            case live
            case ended
            case revoked
        }

        package var kind: Kind
        /// As commands name it.
        package var id: String
        /// A fingerprint or a name.
        package var mark: String
        package var state: State
        package var addedAt: Instant
        package var endsAt: Instant?
        package var revokedAt: Instant?

        package init(
            kind: Kind, id: String, mark: String, state: State, addedAt: Instant, endsAt: Instant?, revokedAt: Instant?
        ) {
            self.kind = kind
            self.id = id
            self.mark = mark
            self.state = state
            self.addedAt = addedAt
            self.endsAt = endsAt
            self.revokedAt = revokedAt
        }

        /// For how many days it was made; nil for one that does not end.
        var daysFromItsAdding: Int? {
            endsAt.map { max(1, Int(($0.microseconds - addedAt.microseconds + 43_200_000_000) / 86_400_000_000)) }
        }

        /// What it is, and by what people know it.
        var words: String {
            switch kind {
            case .apiKey: "the API key \(id)"
            case .certificate: "the certificate whose key has the SHA-256 \(mark.prefix(16))…"
            case .certificateName: "the certificate with the name \(mark)"
            case .clientKey: "the client key \(id)"
            }
        }

        /// Whether a control room looks people up by it.
        var opensEmergencyAccess: Bool { kind != .apiKey }

        /// Whether it ends so soon that somebody must act, or should have.
        func isNearItsEnd(at now: Instant) -> Bool {
            guard state == .live, let endsAt else { return false }
            return endsAt.microseconds - now.microseconds < Int64(30 * 86_400) * 1_000_000
        }

        /// Whether it lets somebody in though its end has passed, as a certificate does that was renewed with the same key.
        func hasOutlivedItsEnd(at now: Instant) -> Bool {
            guard state == .live, let endsAt else { return false }
            return endsAt <= now
        }
    }

    package var id: String
    package var name: String
    package var isOfStaff: Bool
    package var isEnabled: Bool
    /// Whether the rules in force tell it something in an emergency.
    package var isControlRoom: Bool
    package var adapter: String?
    /// Of a system of staff.
    package var roles: [String]
    /// By what its adapter takes documents, and by what the configuration sends it some, in words.
    package var waysIn: [String]
    package var waysOut: [String]
    package var credentials: [Credential]
    /// Comes back with each form that revokes: which credentials were live when somebody decided.
    package var seen: String

    package init(
        id: String, name: String, isOfStaff: Bool, isEnabled: Bool, isControlRoom: Bool, adapter: String?,
        roles: [String], waysIn: [String], waysOut: [String], credentials: [Credential], seen: String
    ) {
        self.id = id
        self.name = name
        self.isOfStaff = isOfStaff
        self.isEnabled = isEnabled
        self.isControlRoom = isControlRoom
        self.adapter = adapter
        self.roles = roles
        self.waysIn = waysIn
        self.waysOut = waysOut
        self.credentials = credentials
        self.seen = seen
    }

    var kindWords: String { isOfStaff ? "system of staff" : "partner" }
    var stateWords: String { isEnabled ? "active" : "suspended" }
    var live: [Credential] { credentials.filter { $0.state == .live } }
    var revocable: [Credential] { credentials.filter { $0.state != .revoked } }
    /// The ways by which it sends without any of these credentials.
    var otherWaysIn: [String] { waysIn.filter { $0 != "https" } }
    var liveKeys: [Credential] { live.filter { $0.kind == .apiKey } }
}

extension Console {
    /// What somebody has just done about a partner, as the address of its page tells it.
    package enum PartnerChange: String, Sendable {
        case suspended
        case resumed
        case revoked
        /// Nothing was done, because somebody else had changed it meanwhile.
        case overtaken
    }

    package static func partnerPath(_ id: String) -> String { "\(SettingsPart.partners.path)/\(id)" }
    package static func nextKeyPath(_ partner: String) -> String { "\(partnerPath(partner))/key" }

    /// Every partner and system of staff.
    package func partners(
        _ partners: [PartnerSettings], parts: Set<SettingsPart>, at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        let rows = partners.map { partner in
            let ends = partner.live.compactMap(\.endsAt).min()
            let isNear = partner.isEnabled && partner.live.contains { $0.isNearItsEnd(at: now) }
            let isPast = partner.live.contains { $0.hasOutlivedItsEnd(at: now) }
            return Sheet.Row(
                name: partner.name, path: Self.partnerPath(partner.id), style: partner.isEnabled ? .plain : .odd,
                cells: [
                    .init(text: partner.id), .init(text: partner.kindWords),
                    .init(text: partner.stateWords, isState: !partner.isEnabled),
                    .init(text: partner.live.isEmpty ? "none" : String(partner.live.count)),
                    ends.map { .init(text: isPast ? "has passed:" : isNear ? "soon:" : "", at: $0) }
                        ?? .init(text: partner.live.isEmpty ? "–" : "none ends"),
                ])
        }
        let block =
            rows.isEmpty
            ? Sheet.Block(
                id: "list", texts: ["There is none yet. Whoever runs the hub adds one: hub partner add ID --name NAME."]
            )
            : Sheet.Block(
                id: "list", title: partners.count == 1 ? "1 of them" : "\(partners.count.grouped) of them",
                table: .init(
                    columns: ["Name", "Id", "Kind", "State", "Live credentials for HTTP", "Next end"], rows: rows))
        return settings(
            Sheet(
                title: "Partners and keys", part: .partners, blocks: [block],
                help: [
                    "Whoever may call the hub: organisations that refer people or are told something, and the systems that staff work with. Over HTTP each is let in by a credential: an API key, a certificate, or a key by which it signs. The hub keeps no secret of any of them, so none can be shown.",
                    "Partners are added by the command hub partner add, as are certificates and client keys, because somebody must have checked whose they are.",
                ]), parts: parts, at: now, reader, sections: sections)
    }

    /// One partner.
    ///
    /// - Parameters:
    ///   - mayManage: Whether the account changes anything, or looks alone.
    ///   - hasNextKey: Whether it can be given the next API key here.
    ///   - change: What was just done; told where it still holds.
    package func partner(
        _ partner: PartnerSettings, mayManage: Bool, hasNextKey: Bool, change: PartnerChange? = nil,
        parts: Set<SettingsPart>, at now: Instant, _ reader: Reader, sections: Set<Section>
    ) -> String {
        let path = Self.partnerPath(partner.id)
        var facts: [Sheet.Fact] = [
            .init(term: "Id", text: partner.id), .init(term: "Kind", text: partner.kindWords),
            .init(
                term: "State",
                text: partner.isEnabled ? "active" : "suspended: nothing of it is taken, and nothing goes to it"),
        ]
        if partner.isOfStaff {
            facts.append(
                .init(term: "Roles", text: partner.roles.joined(separator: ", "), path: SettingsPart.rights.path))
        } else {
            facts.append(
                .init(
                    term: "Adapter", text: partner.adapter ?? "none",
                    path: partner.adapter.map { Self.adapterPath($0) }))
            facts.append(.init(term: "May send by", text: Self.list(partner.waysIn)))
            facts.append(.init(term: "Is sent to by", text: Self.list(partner.waysOut)))
        }
        var about = Sheet.Block(id: "about", facts: facts)
        if mayManage {
            let seen = ("seen", partner.isEnabled ? "active" : "suspended")
            about.forms = [
                .init(
                    path: path, hidden: [("do", partner.isEnabled ? "suspend" : "resume"), seen],
                    button: partner.isEnabled ? "Suspend it" : "Let it in again", isSecond: true)
            ]
        }
        var credentials = Sheet.Block(id: "credentials", title: "By what it is let in over HTTP")
        if partner.credentials.isEmpty {
            credentials.texts = [
                partner.otherWaysIn.isEmpty
                    ? "Nothing yet, so it cannot call."
                    : "Nothing yet, so it cannot call by HTTP. What it sends by \(Self.list(partner.otherWaysIn)) is taken all the same.",
                "hub partner --help says how it is given a credential.",
            ]
        } else {
            credentials.table = .init(
                columns: ["Credential", "Kind", "State", "Added", "Ends"],
                rows: partner.credentials.map { Self.row($0, at: now) })
        }
        if mayManage {
            credentials.forms = partner.revocable.map { credential in
                .init(
                    path: path, hidden: [("do", "revoke"), ("credential", credential.id), ("seen", partner.seen)],
                    button: "Revoke \(credential.id)",
                    isSecond: true)
            }
            if hasNextKey {
                credentials.links = [("Make the next API key", Self.nextKeyPath(partner.id))]
            }
        }
        return settings(
            Sheet(
                title: partner.name, part: .partners, notice: Self.notice(change, partner),
                blocks: [about, credentials],
                help: [
                    "To suspend is the quick way when something is wrong at a partner: within a second no node takes anything of it, and nothing is shared with it until somebody lets it in again. Nothing that it sent before is lost.",
                    "To change over to another API key, make the next one, hand it over by a safe way, wait until the partner uses it, and revoke the one before. A credential that is revoked is never good again. When a credential was last used is not kept.",
                    "The end of a certificate is noted so that somebody is reminded of it. A certificate that was renewed with the same key lets the partner in all the same: after that end too, until it is revoked.",
                ]), parts: parts, at: now, reader, sections: sections)
    }

    /// The form for a partner's next API key.
    package func nextKey(
        of partner: PartnerSettings, entered: Entered = Entered(), parts: Set<SettingsPart>, at now: Instant,
        _ reader: Reader, sections: Set<Section>
    ) -> String {
        let keys = partner.liveKeys
        let days = keys.compactMap(\.daysFromItsAdding).max()
        var entered = entered
        if let days, entered.mistakes.isEmpty { entered.fields["days"] = String(days) }
        return settings(
            Sheet(
                title: "The next API key of \(partner.name)", part: .partners, entered: entered,
                blocks: [
                    .init(
                        id: "key",
                        texts: [
                            "It is shown once, on the next page, and kept nowhere: have the safe way ready by which you hand it over.",
                            "The key of now, \(keys.map(\.id).joined(separator: ", ")), stays good until you revoke it.",
                        ],
                        forms: [
                            .init(
                                path: Self.nextKeyPath(partner.id),
                                hidden: [("seen", keys.map(\.id).sorted().joined(separator: " "))],
                                inputs: [
                                    .init(
                                        name: "days", label: "Days until it ends",
                                        hint: days.map {
                                            "A number from 1 to 3650. The key of now was made for \($0 == 1 ? "1 day" : "\($0) days"), so the next one has an end too."
                                        } ?? "A number from 1 to 3650. Leave it empty for a key that does not end.")
                                ], button: "Make the key")
                        ], links: [("Go back without making one", Self.partnerPath(partner.id))])
                ],
                help: [
                    "A key is only made here beside one that the partner has. A partner that has none is given its first by the command hub partner key: whether a key is safe enough for it is decided then."
                ]), parts: parts, at: now, reader, sections: sections)
    }

    /// The key, in the one answer that has it.
    package func issuedKey(
        _ text: String, prefix: String, of partner: PartnerSettings, parts: Set<SettingsPart>, at now: Instant,
        _ reader: Reader, sections: Set<Section>
    ) -> String {
        settings(
            Sheet(
                title: "The next API key of \(partner.name)", part: .partners,
                notice: "The key \(prefix) is made and good from now on.",
                blocks: [
                    .init(
                        id: "key", texts: ["Copy it now: when you leave this page, nobody can see it again."],
                        secret: text,
                        links: [("I have copied it: back to \(partner.name)", Self.partnerPath(partner.id))])
                ],
                help: ["The hub keeps only what a key can be checked by. If it is lost, revoke it and make another."]),
            parts: parts, at: now, reader, sections: sections)
    }

    /// Asks before a partner is suspended or let in again.
    package static func question(suspending partner: PartnerSettings) -> Confirmation {
        let field = ("seen", partner.isEnabled ? "active" : "suspended")
        guard partner.isEnabled else {
            return Confirmation(
                "Let \(partner.name) in again?",
                effects: [
                    "What it sends is taken again, by every credential that is live.",
                    "What may be shared with it can go to it again.",
                ] + (partner.isControlRoom ? ["It is a control room, and can look people up again."] : []),
                path: partnerPath(partner.id), fields: [("do", "resume"), field], deed: "Yes, let it in")
        }
        return Confirmation(
            "Suspend \(partner.name)?", effects: effects(ofSuspending: partner),
            path: partnerPath(partner.id), fields: [("do", "suspend"), field], deed: "Yes, suspend it")
    }

    private static func effects(ofSuspending partner: PartnerSettings) -> [String] {
        let later = "You can let it in again at any time."
        if partner.isOfStaff {
            return [
                "Within a second every call of this system is refused, on every node. Whoever works with it sees errors.",
                later,
            ]
        }
        let room =
            "It is a control room: within a second it can look nobody up, neither from its own system nor on its page, and nobody who answers its phone calls can do it for it."
        return (partner.isControlRoom ? [room] : []) + [
            "Within a second nothing that it sends is taken any more, on every node and by every way.",
            "Nothing is shared with it: what is asked for is refused, and so is what waits to be sent when its turn comes.",
            "What it sent before is kept and worked on as usual.", later,
        ]
    }

    /// Asks before a credential is revoked.
    package static func question(
        revoking credential: PartnerSettings.Credential, of partner: PartnerSettings
    ) -> Confirmation {
        Confirmation(
            "Revoke \(credential.words)?",
            effects: (credential.state == .live
                ? effects(ofRevoking: credential, of: partner)
                : ["Its end has passed: it lets nobody in as it is, and nothing changes for the partner."])
                + ["It cannot be taken back: a credential that was revoked is never good again."],
            path: partnerPath(partner.id),
            fields: [("do", "revoke"), ("credential", credential.id), ("seen", partner.seen)],
            deed: "Yes, revoke it")
    }

    /// What follows for a partner, the gravest first.
    private static func effects(
        ofRevoking credential: PartnerSettings.Credential, of partner: PartnerSettings
    ) -> [String] {
        let others = partner.live.filter { $0.id != credential.id }
        var effects: [String] = []
        if partner.isControlRoom, credential.opensEmergencyAccess, !others.contains(where: \.opensEmergencyAccess) {
            effects.append(
                "It is a control room, and this is the last credential by which it looks people up: afterwards it can look nobody up, for an API key does not let it."
            )
        }
        effects.append("Within a second no node lets anybody in by it.")
        if credential.kind == .certificate {
            let named = others.filter { $0.kind == .certificateName }.map(\.mark)
            effects.append(
                "No certificate with its key lets in any more, not even one that bears "
                    + (named.isEmpty ? "a name by which a partner is known." : "the name \(list(named))."))
        }
        effects.append(left(others, to: partner))
        return effects
    }

    private static func left(_ others: [PartnerSettings.Credential], to partner: PartnerSettings) -> String {
        guard others.isEmpty else {
            let start =
                partner.isEnabled
                ? "\(partner.name) is still let in" : "Once \(partner.name) is resumed, it is let in"
            return "\(start) over HTTP by: \(list(others.map(\.words)))."
        }
        let last = "It is the last by which \(partner.name) is let in: afterwards it cannot call"
        return partner.otherWaysIn.isEmpty
            ? "\(last) at all."
            : "\(last) by HTTP. What it sends by \(list(partner.otherWaysIn)) is still taken: to stop all of it, suspend it."
    }

    private static func row(_ credential: PartnerSettings.Credential, at now: Instant) -> Sheet.Row {
        let isNear = credential.isNearItsEnd(at: now)
        let style: Sheet.Style = credential.state == .live ? isNear ? .odd : .good : .plain
        let live =
            credential.hasOutlivedItsEnd(at: now)
            ? "live: its noted end has passed, its key still lets in" : isNear ? "live, ends soon" : "live"
        let state: Sheet.Cell =
            switch credential.state {
            case .revoked: .init(text: "revoked", at: credential.revokedAt)
            case .ended: .init(text: "ended")
            case .live: .init(text: live, isState: true)
            }
        let mark = credential.mark.isEmpty ? "" : " (\(credential.mark))"
        return Sheet.Row(
            name: credential.id + mark, style: style,
            cells: [
                .init(text: credential.kind.words), state, .init(text: "", at: credential.addedAt),
                credential.endsAt.map { .init(text: "", at: $0) } ?? .init(text: "does not end"),
            ])
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "nothing that is set up" : words.joined(separator: ", ")
    }

    private static func notice(_ change: PartnerChange?, _ partner: PartnerSettings) -> String? {
        switch change {
        case .suspended where !partner.isEnabled: "It is suspended. Within a second no node takes anything of it."
        case .resumed where partner.isEnabled: "It is let in again."
        case .revoked where partner.credentials.contains { $0.state == .revoked }:
            "What is revoked lets nobody in: on every node, from a second after."
        case .overtaken:
            "Nothing was changed: somebody else did something meanwhile. This is how it stands now."
        default: nil
        }
    }
}
