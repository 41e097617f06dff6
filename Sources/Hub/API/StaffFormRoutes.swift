import CaseStore
import Forms
import HTTPTypes
import Hummingbird
import Postgres
import Referral
import Translation

/// The form for staff: `GET` and `POST /staff/referral`, `GET` and `POST /staff/sign-in`, `POST /staff/sign-out`.
///
/// Whoever has a staff system's API key signs in with it (``StaffSite``). Over TLS, or on loopback, as the whole listener.
struct StaffFormRoutes {
    static let path = "/staff/referral"
    static let signInPath = "/staff/sign-in"
    static let signOutPath = "/staff/sign-out"

    /// What the other pages of staff share with these.
    let site: StaffSite
    private let intake: Intake
    private let form: StaffForm
    private let sender: Principal
    private let attempts = AddressLimit(.init(perHour: 60))

    init(_ organisation: Configuration.Organisation, sessions: StaffSessions, intake: Intake, isSecure: Bool) {
        self.intake = intake
        sender = Principal(id: organisation.id, kind: .partner, adapter: "envelope", name: organisation.name)
        form = StaffForm(
            team: organisation.name, sender: organisation.id, path: Self.path, signInPath: Self.signInPath,
            signOutPath: Self.signOutPath, documentsPath: PortalRoutes.path)
        site = StaffSite(sessions: sessions, isSecure: isSecure) { [form] in form.failure(title: $0, text: $1) }
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.signInPath)") { _, _ in FormRoutes.response(form.signIn()) }
        router.post("\(Self.signInPath)", use: signIn)
        router.post("\(Self.signOutPath)", use: signOut)
        router.get("\(Self.path)", use: start)
        router.post("\(Self.path)", use: answer)
        router.get("\(Self.path)/form.css") { _, _ in FormRoutes.styleSheet() }
        router.get("/staff") { _, _ in StaffSite.redirect(to: Self.path) }
    }

    // MARK: Signing in and out

    @Sendable
    private func signIn(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") {
                var response = site.failure(.tooManyRequests, "Too many attempts", "Wait a little and try again.")
                response.headers[.retryAfter] = String(wait.components.seconds + 1)
                return response
            }
            guard let key = try await FormRoutes.fields(of: request)?["key"],
                let open = try await site.sessions.open(key: key.filter { !$0.isWhitespace })
            else { return FormRoutes.response(form.signIn(isMistaken: true), status: .unprocessableContent) }
            var response = StaffSite.redirect(to: Self.path)
            response.headers[.setCookie] = site.cookie(open)
            return response
        }
    }

    @Sendable
    private func signOut(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            let fields = try await FormRoutes.fields(of: request) ?? [:]
            guard let open = try await site.session(of: request), open.token == fields["token"] else {
                return StaffSite.redirect(to: Self.signInPath)
            }
            var response = StaffSite.redirect(to: Self.signInPath)
            response.headers[.setCookie] = site.endedCookie
            return response
        }
    }

    // MARK: The form

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            guard let open = try await site.session(of: request) else { return StaffSite.redirect(to: Self.signInPath) }
            return site.shown(form.start(FormRoutes.begin(), open.session), open)
        }
    }

    @Sendable
    private func answer(_ request: Request, _ context: ExchangeContext) async -> Response {
        await site.page(context) {
            guard let open = try await site.session(of: request) else {
                return site.failure(
                    .unauthorized, "You were signed out",
                    "Nothing was stored. Sign in on another page, then go back to this form and send it again.")
            }
            guard let fields = try await FormRoutes.fields(of: request) else {
                return site.failure(.badRequest, "The page could not be read", "Please start again.")
            }
            guard fields["token"] == open.token else {
                return site.failure(
                    .forbidden, "The page is of another session", "Nothing was stored. Please start again.")
            }
            guard let begun = FormRoutes.begun(fields["form"]) else {
                return site.failure(
                    .unprocessableContent, "The page is too old", "Nothing was stored. Please start again.")
            }
            let today = LondonTime.clock(FormRoutes.now()).date
            switch form.reply(to: fields, begun: begun, today: today, open.session) {
            case .mistaken(let html): return site.shown(html, open, status: .unprocessableContent)
            case .send(let sent): return try await send(sent, open)
            }
        }
    }

    private func send(_ sent: StaffForm.Sent, _ open: StaffSessions.Open) async throws -> Response {
        let arrival = Arrival(
            sender: sender, channel: .staffForm, format: .json, bytes: StrictJSON.write(sent.envelope))
        switch try await intake.receive(arrival) {
        case .received(let receipt), .duplicate(let receipt):
            return site.shown(form.sent(reference: receipt.id.description, open.session), open)
        case .conflict:
            return site.failure(
                .conflict, "This form was sent already", "What was sent first is stored. To add to it, enter another.")
        case .quarantined:
            // The envelope is our own making, so this is a mistake of ours: staff have it all the same.
            return site.failure(
                .internalServerError, "Sorry, there is a problem with the service",
                "What you entered is stored, and waits among the work items.")
        }
    }
}
