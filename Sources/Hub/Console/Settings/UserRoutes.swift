import CaseStore
import Console
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Rights

/// Accounts of staff: `GET /console/settings/users`, a page for each, `/console/settings/add-user`, and for who manages them
/// what is changed there.
struct UserRoutes: Sendable {
    private static let path = Console.SettingsPart.users.path
    private static let undone = "Nothing was changed."

    private let desk: ConsoleDesk
    private let staff: StaffDirectory

    init(desk: ConsoleDesk, _ installation: Installation) {
        self.desk = desk
        staff = StaffDirectory(installation)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.path)", use: list)
        router.get("\(Self.path)/{name}", use: show)
        router.post("\(Self.path)/{name}", use: act)
        router.get("\(Console.addUserPath)", use: showNew)
        router.post("\(Console.addUserPath)", use: add)
    }

    // MARK: Looking

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readStaff) { open in
            let users = try await staff.sheets().map(StaffSettings.init)
            return desk.shown(open) {
                desk.pages.users(
                    users, mayManage: open.may(.manageStaff), parts: ConsoleDesk.parts(open), at: Instant(.now()), $0,
                    sections: $1)
            }
        }
    }

    @Sendable
    private func show(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .readStaff) { open in
            guard let sheet = try await sheet(context) else { return unknown }
            let change = request.uri.queryParameters["done"].flatMap { Console.StaffChange(rawValue: String($0)) }
            // No address tells whether somebody was overtaken.
            return shown(sheet, open, change: change == .overtaken ? nil : change)
        }
    }

    private func shown(
        _ sheet: StaffDirectory.Sheet, _ open: StaffSessions.Open, change: Console.StaffChange? = nil,
        entered: Console.Entered = .init(), status: HTTPResponse.Status = .ok
    ) -> Response {
        desk.shown(open, status: status) {
            desk.pages.user(
                StaffSettings(sheet), allRoles: Self.allRoles, mayManage: open.may(.manageStaff),
                isOwn: sheet.account.id == open.account, change: change, entered: entered,
                parts: ConsoleDesk.parts(open), at: Instant(.now()), $0, sections: $1)
        }
    }

    // MARK: Adding

    @Sendable
    private func showNew(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.page(request, context, for: .manageStaff) { newForm($0, entered: .init()) }
    }

    private func newForm(_ open: StaffSessions.Open, entered: Console.Entered) -> Response {
        desk.shown(open, status: entered.mistakes.isEmpty ? .ok : .unprocessableContent) {
            desk.pages.newUser(
                allRoles: Self.allRoles, entered: entered, parts: ConsoleDesk.parts(open), at: Instant(.now()), $0,
                sections: $1)
        }
    }

    /// Answers with the link at once, which no other page has.
    @Sendable
    private func add(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(
            request, context, for: .manageStaff, undone: "Nobody was added.",
            advice:
                "Look at the list of users: for an account whose link nobody has seen, a new one is made at its page."
        ) { open, fields in
            let name = (fields["name"] ?? "").trimmed
            let roles = Self.roles(fields)
            var mistakes: [(field: String, text: String)] = []
            if !StaffAccount.isName(name) {
                mistakes.append(
                    ("name", "Enter 2 to 40 lower-case letters, digits and . _ - that begin with a letter or digit"))
            }
            if roles.isEmpty { mistakes.append(("choice", "Choose at least one role")) }
            func refused(_ mistakes: [(field: String, text: String)]) -> Response {
                var entered = fields
                entered["name"] = String((fields["name"] ?? "").prefix(100))
                return newForm(open, entered: .init(fields: entered, mistakes: mistakes))
            }
            guard mistakes.isEmpty else { return refused(mistakes) }
            guard let link = try await staff.add(name, roles: roles, by: open) else {
                return refused([("name", "There is an account of that name already")])
            }
            return invitation(link, to: name, isNew: true, open)
        }
    }

    private func invitation(
        _ link: String, to name: String, isNew: Bool, _ open: StaffSessions.Open
    ) -> Response {
        desk.shown(open) {
            desk.pages.invitation(
                link, to: name, isNew: isNew, parts: ConsoleDesk.parts(open), at: Instant(.now()), $0, sections: $1)
        }
    }

    // MARK: Changing

    @Sendable
    private func act(_ request: Request, _ context: ExchangeContext) async -> Response {
        await desk.site.form(request, context, for: .manageStaff, undone: Self.undone) { open, fields in
            guard let sheet = try await sheet(context) else { return unknown }
            guard let seen = fields["seen"], let deed = fields["do"], let change = Self.change(deed, fields) else {
                return desk.unreadable(Self.undone)
            }
            guard sheet.account.id != open.account else { return refused(.ownAccount, sheet, open) }
            guard seen == sheet.seen else { return shown(sheet, open, change: .overtaken, status: .conflict) }
            if let refusal = StaffDirectory.refusal(of: change, to: sheet.account) {
                return refused(refusal, sheet, open)
            }
            if !ConsoleDesk.isConfirmed(fields), let question = Self.question(change, deed, sheet) {
                return desk.shown(open) { desk.pages.confirm(question, in: .settings, $0, sections: $1) }
            }
            switch try await staff.make(change, to: sheet.account.id, seen: seen, by: open) {
            case .done: return redirect(sheet, Self.done(change))
            case .invited(let link): return invitation(link, to: sheet.account.id, isNew: false, open)
            case .overtaken:
                guard let now = try await self.sheet(context) else { return unknown }
                return shown(now, open, change: .overtaken, status: .conflict)
            case .unknown: return unknown
            case .refused(let refusal): return refused(refusal, sheet, open)
            }
        }
    }

    private static func change(_ deed: String, _ fields: [String: String]) -> StaffDirectory.Change? {
        switch deed {
        case "roles": .roles(roles(fields))
        case "enable": .enable
        case "disable": .disable
        case "invite": .invite
        case "sign_out": .signOut
        default: nil
        }
    }

    private static func question(
        _ change: StaffDirectory.Change, _ deed: String, _ sheet: StaffDirectory.Sheet
    ) -> Confirmation? {
        let user = StaffSettings(sheet)
        if case .roles(let roles) = change { return Console.question(about: user, roles: roles.map(\.rawValue)) }
        return Console.question(about: user, deed: deed)
    }

    private static func done(_ change: StaffDirectory.Change) -> Console.StaffChange {
        switch change {
        case .roles: .roles
        case .enable: .enabled
        case .disable: .disabled
        case .signOut, .invite: .signedOut
        }
    }

    private func refused(
        _ refusal: StaffDirectory.Refusal, _ sheet: StaffDirectory.Sheet, _ open: StaffSessions.Open
    ) -> Response {
        let mistake: (field: String, text: String) =
            switch refusal {
            case .noRoles: ("choice", "Choose at least one role, or shut the account out")
            case .ownAccount: ("", "Nobody changes their own account: another administrator does")
            case .ofProvider: ("", "The council’s sign-in says what this account may do and how it signs in")
            case .ofControlRoom: ("", "An account of a control room has no roles")
            case .shutOut: ("", "The account is shut out, and a link for it would not work: let it sign in again first")
            }
        return shown(sheet, open, entered: .init(mistakes: [mistake]), status: .unprocessableContent)
    }

    private func redirect(_ sheet: StaffDirectory.Sheet, _ change: Console.StaffChange) -> Response {
        StaffSite.redirect(to: "\(Console.userPath(sheet.account.id))?done=\(change.rawValue)")
    }

    // MARK: All of them

    private static let allRoles = Role.ofStaff.map(\.rawValue)

    /// The roles that a form ticks.
    private static func roles(_ fields: [String: String]) -> [Role] {
        Role.ofStaff.filter { fields[Console.field(ofRole: $0.rawValue)] == "yes" }
    }

    private func sheet(_ context: ExchangeContext) async throws -> StaffDirectory.Sheet? {
        guard let name = context.parameters.get("name"), StaffAccount.isName(name) else { return nil }
        return try await staff.sheet(of: name)
    }

    private var unknown: Response {
        desk.site.failure(.notFound, "There is no such account", "The list of users shows those there are.")
    }
}

extension StaffSettings {
    fileprivate init(_ sheet: StaffDirectory.Sheet) {
        let (account, presence) = (sheet.account, sheet.presence)
        let proof: Proof =
            switch account.proof {
            case .password: .password
            case .provider: .provider
            case .none: .link(until: presence.invitedUntil.map(Instant.init))
            }
        self.init(
            id: account.id, isEnabled: account.isEnabled, roles: account.roles.sorted().map(\.rawValue),
            controlRoom: account.controlRoom, proof: proof, addedAt: Instant(account.addedAt),
            lockedUntil: account.lockedUntil.map(Instant.init), signedInAt: account.signedInAt.map(Instant.init),
            sessions: presence.sessions, seenAt: presence.seenAt.map(Instant.init), seen: sheet.seen)
    }
}
