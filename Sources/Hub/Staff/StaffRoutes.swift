import Channels
import Console
import Forms
import HTTPTypes
import Hummingbird
import Logging
import Rights

/// Where staff sign in and out, set up their account and change their password: `/staff/sign-in`, `/staff/sign-out`,
/// `/staff/set-up`, `/staff/account`.
struct StaffRoutes {
    static let setUpPath = "/staff/set-up"
    static let signInPath = "/staff/sign-in"
    static let signOutPath = "/staff/sign-out"
    static let accountPath = "/staff/account"
    private static let leavePath = "/staff/sign-in/provider"
    static let returnPath = "/staff/sign-in/return"

    private let site: StaffSite
    private let accounts: StaffAccounts
    private let provider: ProviderSignIn?
    private let pages: SignInPages
    private let organisation: String
    /// Whether the form for referrals and the documents to fetch are served.
    private let hasForms: Bool
    private let hasConsole: Bool
    /// The page of control rooms; nil where none is served.
    private let room: ControlRoomRoutes?
    private let attempts = AddressLimit(.init(perSecond: 1, burst: 60))
    /// Of those who come back from the provider, each of whom has left before.
    private let returns = AddressLimit(.init(perSecond: 1, burst: 60))

    init(
        organisation: String, site: StaffSite, accounts: StaffAccounts, provider: ProviderSignIn?, hasForms: Bool,
        hasConsole: Bool, room: ControlRoomRoutes?
    ) {
        self.organisation = organisation
        self.hasForms = hasForms
        self.hasConsole = hasConsole
        self.room = room
        self.site = site
        self.accounts = accounts
        self.provider = provider
        pages = SignInPages(
            team: organisation,
            paths: .init(
                signIn: Self.signInPath, setUp: Self.setUpPath, account: Self.accountPath, style: "/staff"),
            shortestPassword: PasswordRule.shortest)
    }

    func add(to router: some RouterMethods<ExchangeContext>) {
        router.get("\(Self.signInPath)", use: showSignIn)
        router.post("\(Self.signInPath)", use: signIn)
        router.post("\(Self.signOutPath)", use: signOut)
        router.get("\(Self.setUpPath)", use: showSetUp)
        router.post("\(Self.setUpPath)", use: setUp)
        router.get("\(Self.accountPath)", use: showAccount)
        router.post("\(Self.accountPath)", use: changePassword)
        router.get("/staff/form.css") { _, _ in FormRoutes.styleSheet() }
        router.get("/staff") { _, _ in StaffSite.redirect(to: Self.accountPath) }
        guard provider != nil else { return }
        router.get("\(Self.leavePath)", use: leave)
        router.get("\(Self.returnPath)", use: comeBack)
    }

    // MARK: Signing in and out

    /// Whoever follows a link of another site comes here first even when signed in: a browser sends our cookie to no page that
    /// another site's leads to (RFC 6265bis section 5.6.7.1), but to one that a page of ours does.
    @Sendable
    private func showSignIn(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            guard hasConsole, let next = NextPage(request.uri.queryParameters["next"].map(String.init)) else {
                return FormRoutes.response(signInPage())
            }
            if ["cross-site", "same-site"].contains(request.headers[.secFetchSite]) {
                return FormRoutes.response(pages.onward(next: next.signInPath))
            }
            guard try await site.session(of: request) == nil else { return StaffSite.redirect(to: next.path) }
            return FormRoutes.response(signInPage(next: next))
        }
    }

    @Sendable
    private func signIn(_ request: Request, _ context: ExchangeContext) async -> Response {
        let computer = await room?.computer(of: context)?.id
        let (site, accounts) = (computer == nil ? nil : room).map { ($0.site, $0.accounts) } ?? (site, accounts)
        let advice = computer.map { _ in "Go back to \(ControlRoomRoutes.path): look-ups go on." }
        return await site.page(context, advice: advice ?? StaffSite.usualAdvice) {
            if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") { return site.tooMany(after: wait) }
            let fields = try await FormRoutes.fields(of: request) ?? [:]
            let name = (fields["name"] ?? "").lowercased().filter { !$0.isWhitespace }
            let open: StaffSessions.Open?
            do {
                open = try await accounts.signIn(
                    name, password: fields["password"] ?? "", code: fields["code"] ?? "", at: computer,
                    in: site.sessions, insteadOf: try await site.session(of: request))
            } catch {
                if let computer, !(error is CancellationError) { room?.signingIn.failed(at: computer) }
                throw error
            }
            if let computer, open != nil { room?.signingIn.succeeded(at: computer) }
            guard let open else {
                let text =
                    "The user name, the password or the code is not right. After several wrong attempts wait a few minutes."
                return FormRoutes.response(
                    signInPage(name: String(name.prefix(40)), mistake: text, next: NextPage(fields["next"])),
                    status: .unprocessableContent)
            }
            var response = StaffSite.redirect(to: first(open, NextPage(fields["next"])))
            response.headers[.setCookie] = site.cookie(open)
            return response
        }
    }

    private func signInPage(name: String = "", mistake: String? = nil, next: NextPage? = nil) -> String {
        pages.signIn(
            name: name, mistake: mistake, next: next?.path,
            providerPath: provider == nil ? nil : NextPage.address(Self.leavePath, next))
    }

    /// The page that somebody comes to once signed in.
    private func first(_ open: StaffSessions.Open, _ next: NextPage?) -> String {
        hasConsole && open.controlRoom == nil ? next?.path ?? home(open) : home(open)
    }

    /// The first page of an account.
    private func home(_ open: StaffSessions.Open) -> String {
        if open.controlRoom != nil, room != nil { return ControlRoomRoutes.path }
        if hasConsole, open.may(.watchFlow) { return Console.path }
        return hasForms && open.may(.enterReferral) ? StaffFormRoutes.path : Self.accountPath
    }

    @Sendable
    private func signOut(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            let fields = try await FormRoutes.fields(of: request) ?? [:]
            var response = StaffSite.redirect(to: Self.signInPath)
            guard let open = try await site.session(of: request), open.owns(fields) else { return response }
            try await site.sessions.end(open)
            response.headers[.setCookie] = site.endedCookie
            // What the browser has kept of the pages; `cookies` would end what others of the same site have open.
            response.headers[.clearSiteData] = "\"cache\", \"storage\""
            return response
        }
    }

    // MARK: By the council's provider

    @Sendable
    private func leave(_ request: Request, _ context: ExchangeContext) async -> Response {
        await byProvider(context) { provider in
            // A link of another site must not sign somebody in here who has not asked for it.
            guard ["same-origin", "none", nil].contains(request.headers[.secFetchSite]) else {
                return StaffSite.redirect(to: Self.signInPath)
            }
            if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") { return site.tooMany(after: wait) }
            let begun = try await provider.begin(
                next: NextPage(request.uri.queryParameters["next"].map(String.init)))
            var response = StaffSite.redirect(to: begun.address)
            response.headers[.setCookie] = site.awayCookie(begun.cookie)
            return response
        }
    }

    @Sendable
    private func comeBack(_ request: Request, _ context: ExchangeContext) async -> Response {
        await byProvider(context) { provider in
            if let wait = returns.admit(context.remoteAddress?.ipAddress ?? "") { return site.tooMany(after: wait) }
            let query = request.uri.queryParameters
            let answer = try await provider.finish(
                state: query["state"].map(String.init), code: query["code"].map(String.init),
                issuer: query["iss"].map(String.init), error: query["error"].map(String.init),
                cookie: site.cookies(site.awayCookieName, of: request).first ?? "")
            let (account, next): (String, NextPage?)
            switch answer {
            case .refused(let text):
                return FormRoutes.response(signInPage(mistake: text), status: .forbidden)
            case .account(let known, let wanted): (account, next) = (known, wanted)
            }
            let before = try await site.session(of: request)
            guard let open = try await site.sessions.open(account, insteadOf: before) else {
                return StaffSite.redirect(to: Self.signInPath)
            }
            var response = FormRoutes.response(pages.signedIn(next: first(open, next)))
            response.headers[values: .setCookie] = [site.cookie(open), site.awayCookie("")]
            return response
        }
    }

    private func byProvider(
        _ context: ExchangeContext, _ body: (ProviderSignIn) async throws -> Response
    ) async -> Response {
        await site.page(context) {
            guard let provider else { return StaffSite.redirect(to: Self.signInPath) }
            do {
                return try await body(provider)
            } catch let failure as OpenIDProvider.Failure {
                context.logger.warning("staff cannot sign in by the provider", metadata: ["reason": "\(failure)"])
                return site.failure(
                    .serviceUnavailable, "Signing in does not work now",
                    "The council's sign-in service does not answer as it should. Try again in a few minutes.")
            }
        }
    }

    // MARK: The account

    @Sendable
    private func showSetUp(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") { return site.tooMany(after: wait) }
            let token = request.uri.queryParameters["invitation"].map(String.init) ?? ""
            guard let settingUp = try await accounts.settingUp(by: token) else { return gone }
            return FormRoutes.response(page(settingUp, token))
        }
    }

    @Sendable
    private func setUp(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") { return site.tooMany(after: wait) }
            let fields = try await FormRoutes.fields(of: request) ?? [:]
            let token = fields["invitation"] ?? ""
            guard let settingUp = try await accounts.settingUp(by: token, sealedKey: fields["key"]) else { return gone }
            var mistake = Self.unequal(fields)
            if mistake == nil {
                let chosen = try await accounts.setUp(
                    settingUp, by: token, password: fields["password"] ?? "", code: fields["code"] ?? "")
                if chosen == .gone { return gone }
                mistake = Self.mistake(chosen)
            }
            if let mistake {
                return FormRoutes.response(page(settingUp, token, mistake), status: .unprocessableContent)
            }
            return StaffSite.redirect(to: Self.signInPath)
        }
    }

    private func page(
        _ settingUp: StaffAccounts.SettingUp, _ token: String, _ mistake: SignInPages.Mistake? = nil
    ) -> String {
        pages.setUp(
            account: settingUp.account, invitation: token, codeKey: OneTimeCode.text(of: settingUp.codeKey),
            codeAddress: OneTimeCode.address(
                of: settingUp.codeKey, account: settingUp.account, issuer: organisation),
            sealedKey: settingUp.sealedKey, mistake: mistake)
    }

    private var gone: Response {
        site.failure(
            .gone, "The link is good no more",
            "It was used, or a day has passed, or another was made. Ask your administrator for a new one.")
    }

    private static func unequal(_ fields: [String: String]) -> SignInPages.Mistake? {
        fields["password"] ?? "" == fields["again"] ?? ""
            ? nil : .init(.again, "The two passwords are not the same")
    }

    private static func mistake(_ chosen: StaffAccounts.Chosen) -> SignInPages.Mistake? {
        switch chosen {
        case .kept, .gone: nil
        case .badPassword(let text): .init(.password, text)
        case .badCode: .init(.code, "Enter the code that the app shows now")
        case .badCurrent: .init(.current, "Enter the password that you have signed in with")
        }
    }

    @Sendable
    private func showAccount(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            guard let open = try await site.session(of: request) else {
                return StaffSite.redirect(to: Self.signInPath)
            }
            return site.shown(try await page(open), open)
        }
    }

    @Sendable
    private func changePassword(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.form(request, context, for: nil, undone: "Nothing was changed.") { open, fields in
            if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") { return site.tooMany(after: wait) }
            var mistake = Self.unequal(fields)
            if mistake == nil {
                mistake = Self.mistake(
                    try await accounts.changePassword(
                        in: open, site.sessions, from: fields["current"] ?? "", to: fields["password"] ?? ""))
            }
            return site.shown(
                try await page(open, mistake, isChanged: mistake == nil), open,
                status: mistake == nil ? .ok : .unprocessableContent)
        }
    }

    private func page(
        _ open: StaffSessions.Open, _ mistake: SignInPages.Mistake? = nil, isChanged: Bool = false
    ) async throws -> String {
        var links: [SignInPages.Link] = []
        if hasConsole, open.may(.watchFlow) { links.append(.init("The console", Console.path)) }
        if hasForms, open.may(.enterReferral) { links.append(.init("Enter a referral", StaffFormRoutes.path)) }
        if hasForms, open.may(.fetchDocument) { links.append(.init("Documents to fetch", PortalRoutes.path)) }
        if open.controlRoom != nil, room != nil { links.append(.init("Look somebody up", ControlRoomRoutes.path)) }
        return pages.account(
            open.session,
            roles: open.controlRoom.map { ["control room \($0)"] } ?? open.principal.roles.sorted().map(\.rawValue),
            hasPassword: try await accounts.hasPassword(open.account), links: links, mistake: mistake,
            isChanged: isChanged)
    }
}
