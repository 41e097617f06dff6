package import Referral

/// An account of staff or of a control room, as it may be shown: nothing by which anybody signs in.
package struct StaffSettings: Sendable {
    package enum Proof: Sendable {
        /// By a password and a second factor, which are kept here.
        case password
        /// By the council's identity provider, which asks for its own second factor.
        case provider
        /// Not set up yet: until when the link is good, or was; nil where it was forgotten.
        case link(until: Instant?)
    }

    package var id: String
    package var isEnabled: Bool
    /// Code words of its roles.
    package var roles: [String]
    /// The control room whose page it opens; nil for the council's staff.
    package var controlRoom: String?
    package var proof: Proof
    package var addedAt: Instant
    /// Until when no password is tried.
    package var lockedUntil: Instant?
    package var signedInAt: Instant?
    /// Browsers at which it is signed in.
    package var sessions: Int
    package var seenAt: Instant?
    /// Comes back with each form: how the account was when somebody decided.
    package var seen: String

    package init(
        id: String, isEnabled: Bool, roles: [String], controlRoom: String?, proof: Proof, addedAt: Instant,
        lockedUntil: Instant?, signedInAt: Instant?, sessions: Int, seenAt: Instant?, seen: String
    ) {
        self.id = id
        self.isEnabled = isEnabled
        self.roles = roles
        self.controlRoom = controlRoom
        self.proof = proof
        self.addedAt = addedAt
        self.lockedUntil = lockedUntil
        self.signedInAt = signedInAt
        self.sessions = sessions
        self.seenAt = seenAt
        self.seen = seen
    }

    var isOfProvider: Bool { if case .provider = proof { true } else { false } }

    /// Whether nobody has set a second factor for it.
    var lacksSecondFactor: Bool { if case .link = proof { true } else { false } }

    func isLeftAlone(at now: Instant) -> Bool { lockedUntil.map { $0 > now } ?? false }

    var roleWords: String {
        controlRoom.map { "control room \($0)" } ?? roles.map(Console.words(ofRole:)).joined(separator: ", ")
    }

    fileprivate var proofWords: String {
        switch proof {
        case .password: "password and code"
        case .provider: "the council’s sign-in"
        case .link: "not set up yet"
        }
    }
}

extension Console {
    /// What somebody has just done about an account, as the address of its page tells it.
    package enum StaffChange: String, Sendable {
        case roles
        case enabled
        case disabled
        case signedOut = "signed_out"
        /// Nothing was done, because somebody else had changed it meanwhile.
        case overtaken
    }

    package static let addUserPath = "\(Section.settings.path)/add-user"
    package static func userPath(_ id: String) -> String { "\(SettingsPart.users.path)/\(id)" }

    /// The field of a form that ticks a role.
    package static func field(ofRole role: String) -> String { "role_\(role)" }

    /// A role as people say it.
    static func words(ofRole role: String) -> String { role.replacing("_", with: " ") }

    /// Every account.
    package func users(
        _ users: [StaffSettings], mayManage: Bool, parts: Set<SettingsPart>, at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        let rows = users.map { user in
            Sheet.Row(
                name: user.id, path: Self.userPath(user.id),
                style: !user.isEnabled ? .odd : user.lacksSecondFactor || user.isLeftAlone(at: now) ? .odd : .plain,
                cells: [
                    .init(text: user.roleWords),
                    .init(
                        text: !user.isEnabled ? "disabled" : user.isLeftAlone(at: now) ? "left alone" : "enabled",
                        isState: !user.isEnabled || user.isLeftAlone(at: now)),
                    .init(text: user.proofWords, isState: user.isEnabled && user.lacksSecondFactor),
                    user.sessions > 0
                        ? .init(text: "now, since", at: user.signedInAt)
                        : user.signedInAt.map { .init(text: "", at: $0) } ?? .init(text: "never"),
                ])
        }
        var block = Sheet.Block(id: "list", title: users.count == 1 ? "1 account" : "\(users.count.grouped) accounts")
        if rows.isEmpty {
            block.texts = [
                "Nobody has an account yet. Whoever runs the hub adds the first: hub staff add NAME --role administrator."
            ]
        } else {
            block.table = .init(columns: ["User name", "Roles", "State", "Signs in by", "Signed in"], rows: rows)
        }
        if mayManage { block.links = [("Add a user", Self.addUserPath)] }
        return settings(
            Sheet(
                title: "Users", part: .users, blocks: [block],
                help: [
                    "Who of the council’s staff, and of control rooms that have no system of their own, may sign in. People whom the council’s own sign-in knows have an account here from the first time they use it, with the roles that it gives.",
                    "An account is left alone for a while after five wrong attempts in a row.",
                ]), parts: parts, at: now, reader, sections: sections)
    }

    /// One account.
    ///
    /// - Parameters:
    ///   - allRoles: Code words of those that may be given.
    ///   - isOwn: Whether it is the account of whoever looks, who changes nothing of it here.
    package func user(
        _ user: StaffSettings, allRoles: [String], mayManage: Bool, isOwn: Bool, change: StaffChange? = nil,
        entered: Entered = Entered(), parts: Set<SettingsPart>, at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        var about = Sheet.Block(id: "about", facts: Self.facts(user, at: now))
        var blocks: [Sheet.Block] = []
        if mayManage, isOwn {
            about.texts = [
                "This is your own account. Another administrator changes it, so that nobody locks themselves out."
            ]
        } else if mayManage {
            blocks = Self.forms(user, allRoles)
        }
        return settings(
            Sheet(
                title: "User \(user.id)", part: .users, notice: Self.notice(change, user), entered: entered,
                blocks: [about] + blocks,
                help: [
                    "Other roles, and shutting somebody out, hold at once: the account is signed out everywhere. A new link makes void what the account signed in with, a lost phone or password among it, and is good once, for a day.",
                    "Every change is on the ledger, with your account’s name, and so is each sign-in.",
                ]), parts: parts, at: now, reader, sections: sections)
    }

    private static func facts(_ user: StaffSettings, at now: Instant) -> [Sheet.Fact] {
        var facts: [Sheet.Fact] = [
            .init(term: user.controlRoom == nil ? "Roles" : "Opens the page of", text: user.roleWords),
            .init(term: "State", text: user.isEnabled ? "enabled" : "disabled: cannot sign in"),
        ]
        switch user.proof {
        case .password: facts.append(.init(term: "Signs in by", text: "a password and a code, both set up"))
        case .provider:
            facts.append(
                .init(term: "Signs in by", text: "the council’s sign-in, which asks for its own second factor"))
        case .link(let until):
            let isGood = until.map { $0 > now } ?? false
            facts.append(
                .init(
                    term: "Signs in by",
                    text: isGood ? "nothing yet: its link is good until" : "nothing: its link is over",
                    at: isGood ? until : nil))
        }
        if user.isLeftAlone(at: now) {
            facts.append(.init(term: "Left alone", text: "after wrong attempts, until", at: user.lockedUntil))
        }
        facts.append(
            user.signedInAt.map { .init(term: "Signed in last", text: "", at: $0) }
                ?? .init(term: "Signed in last", text: "never"))
        facts.append(
            user.sessions == 0
                ? .init(term: "Signed in now", text: "nowhere")
                : .init(
                    term: "Signed in now",
                    text: "in \(user.sessions == 1 ? "1 browser" : "\(user.sessions) browsers"), last page at",
                    at: user.seenAt))
        facts.append(.init(term: "Added", text: "", at: user.addedAt))
        return facts
    }

    private static func forms(_ user: StaffSettings, _ allRoles: [String]) -> [Sheet.Block] {
        let path = userPath(user.id)
        func form(_ deed: String, _ button: String) -> Sheet.Form {
            .init(path: path, hidden: [("do", deed), ("seen", user.seen)], button: button, isSecond: true)
        }
        var roles = Sheet.Block(id: "roles", title: "Roles")
        if user.controlRoom != nil {
            roles.texts = ["An account of a control room opens that room’s page and has no roles."]
        } else if user.isOfProvider {
            roles.texts = ["The council’s sign-in gives the roles, anew at each sign-in: change them there."]
        } else {
            roles.forms = [
                .init(
                    path: path, hidden: [("do", "roles"), ("seen", user.seen)],
                    choice: .init(
                        id: "choice", legend: "What it may do from now on",
                        options: allRoles.map { (field(ofRole: $0), words(ofRole: $0), user.roles.contains($0)) }),
                    button: "Change the roles")
            ]
            roles.links = [("What each role may do", SettingsPart.rights.path)]
        }
        var access = Sheet.Block(id: "access", title: "Signing in")
        if user.sessions > 0 { access.forms.append(form("sign_out", "Sign it out everywhere")) }
        if !user.isOfProvider, user.isEnabled { access.forms.append(form("invite", "Make a new link")) }
        access.forms.append(
            user.isEnabled ? form("disable", "Shut the account out") : form("enable", "Let it sign in again"))
        return [roles, access]
    }

    private static func notice(_ change: StaffChange?, _ user: StaffSettings) -> String? {
        switch change {
        case .roles where user.sessions == 0: "It has the roles that stand here, and is signed in nowhere."
        case .enabled where user.isEnabled: "It may sign in again."
        case .disabled where !user.isEnabled: "It is shut out, at once and everywhere."
        case .signedOut where user.sessions == 0: "It is signed in nowhere."
        case .overtaken: "Nothing was changed: somebody else did something meanwhile. This is how it stands now."
        default: nil
        }
    }

    /// The form for a new account.
    package func newUser(
        allRoles: [String], entered: Entered = Entered(), parts: Set<SettingsPart>, at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        settings(
            Sheet(
                title: "Add a user", part: .users, entered: entered,
                blocks: [
                    .init(
                        id: "new",
                        texts: [
                            "The next page shows a link, once. By it, and within a day, the owner sets a password and a second factor: hand it to nobody else."
                        ],
                        forms: [
                            .init(
                                path: Self.addUserPath,
                                inputs: [
                                    .init(
                                        name: "name", label: "User name",
                                        hint:
                                            "2 to 40 lower-case letters, digits and . _ - that begin with a letter or digit. It stands on the ledger for ever."
                                    )
                                ],
                                choice: .init(
                                    id: "choice", legend: "Roles",
                                    options: allRoles.map {
                                        (
                                            Self.field(ofRole: $0), Self.words(ofRole: $0),
                                            entered.fields[Self.field(ofRole: $0)] == "yes"
                                        )
                                    }), button: "Add the user")
                        ],
                        links: [
                            ("What each role may do", SettingsPart.rights.path),
                            ("Go back without adding anybody", SettingsPart.users.path),
                        ])
                ],
                help: [
                    "Give the fewest roles that somebody’s work needs. An account for a control room is added by the command hub staff add, with --control-room."
                ]), parts: parts, at: now, reader, sections: sections)
    }

    /// The link, in the one answer that has it.
    package func invitation(
        _ link: String, to user: String, isNew: Bool, parts: Set<SettingsPart>, at now: Instant, _ reader: Reader,
        sections: Set<Section>
    ) -> String {
        settings(
            Sheet(
                title: "The link for \(user)", part: .users,
                notice: isNew
                    ? "The account is added." : "The new link is made. What the account signed in with is void.",
                blocks: [
                    .init(
                        id: "link",
                        texts: [
                            "Copy it now and hand it to the owner alone: when you leave this page, nobody can see it again. It is good once, for a day."
                        ],
                        secret: link, links: [("I have copied it: to the account", Self.userPath(user))])
                ],
                help: [
                    "Whoever has the link becomes the owner of the account. If it went astray, make a new one at once."
                ]),
            parts: parts, at: now, reader, sections: sections)
    }

    /// Asks before an account is changed; nil for what is done at once.
    package static func question(about user: StaffSettings, deed: String) -> Confirmation? {
        let fields = [("do", deed), ("seen", user.seen)]
        func ask(_ question: String, _ effects: [String], _ button: String) -> Confirmation {
            Confirmation(question, effects: effects, path: userPath(user.id), fields: fields, deed: button)
        }
        switch deed {
        case "disable":
            return ask(
                "Shut \(user.id) out?",
                [
                    "It is signed out everywhere at once, and cannot sign in.",
                    "You can let it sign in again at any time.",
                ], "Yes, shut it out")
        case "enable":
            return ask(
                "Let \(user.id) sign in again?",
                ["It can sign in with what it had, and has its roles: \(user.roleWords)."], "Yes, let it sign in")
        case "invite":
            return ask(
                "Make a new link for \(user.id)?",
                [
                    "What it signs in with now, its password and second factor, is void, and it is signed out everywhere.",
                    "A link that was given before is void too.",
                    "The new link is shown once. Whoever has it becomes the owner of the account.",
                ], "Yes, make it")
        default: return nil
        }
    }

    /// Asks before an account gets other roles.
    package static func question(about user: StaffSettings, roles: [String]) -> Confirmation {
        let (before, after) = (Set(user.roles), Set(roles))
        func list(_ roles: Set<String>) -> String { roles.sorted().map(words(ofRole:)).joined(separator: ", ") }
        var effects: [String] = []
        if !after.subtracting(before).isEmpty {
            effects.append("It may do what these may: \(list(after.subtracting(before))).")
        }
        if !before.subtracting(after).isEmpty {
            effects.append("It may not any more do what these may: \(list(before.subtracting(after))).")
        }
        if before == after { effects.append("It keeps the roles that it has.") }
        effects.append("It is signed out everywhere at once, and signs in anew.")
        return Confirmation(
            "Change the roles of \(user.id)?", effects: effects, path: userPath(user.id),
            fields: [("do", "roles"), ("seen", user.seen)] + roles.map { (field(ofRole: $0), "yes") },
            deed: "Yes, change them")
    }
}
