import CaseStore
import Forms
import HTTPTypes
import Hummingbird
import Logging
import Postgres
import Referral
import Translation

/// The form for staff: `GET` and `POST /staff/referral`, `GET` and `POST /staff/sign-in`, `POST /staff/sign-out`.
///
/// Whoever has a staff system's API key signs in with it. The session is a cookie that no script can read and no other
/// site can send; each form brings back the session's token besides. Over TLS, or on loopback, as the whole listener.
struct StaffFormRoutes {
    static let path = "/staff/referral"
    private static let signInPath = "/staff/sign-in"
    private static let signOutPath = "/staff/sign-out"

    private let sessions: StaffSessions
    private let intake: Intake
    private let form: StaffForm
    private let sender: Principal
    private let attempts = AddressLimit(.init(perHour: 60))
    /// Whether the listener speaks TLS: then the cookie never leaves by anything else.
    private let isSecure: Bool

    init(_ organisation: Configuration.Organisation, sessions: StaffSessions, intake: Intake, isSecure: Bool) {
        self.sessions = sessions
        self.intake = intake
        self.isSecure = isSecure
        sender = Principal(id: organisation.id, kind: .partner, adapter: "envelope", name: organisation.name)
        form = StaffForm(
            team: organisation.name, sender: organisation.id, path: Self.path, signInPath: Self.signInPath,
            signOutPath: Self.signOutPath)
    }

    func add(to router: Router<ExchangeContext>) {
        router.get("\(Self.signInPath)") { _, _ in FormRoutes.response(form.signIn()) }
        router.post("\(Self.signInPath)", use: signIn)
        router.post("\(Self.signOutPath)", use: signOut)
        router.get("\(Self.path)", use: start)
        router.post("\(Self.path)", use: answer)
        router.get("\(Self.path)/form.css") { _, _ in FormRoutes.styleSheet() }
        router.get("/staff") { _, _ in Self.redirect(to: Self.path) }
    }

    // MARK: Signing in and out

    @Sendable
    private func signIn(_ request: Request, _ context: ExchangeContext) async -> Response {
        await page(context) {
            if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") {
                var response = failure(.tooManyRequests, "Too many attempts", "Wait a little and try again.")
                response.headers[.retryAfter] = String(wait.components.seconds + 1)
                return response
            }
            guard let key = try await FormRoutes.fields(of: request)?["key"],
                let open = try await sessions.open(key: key.filter { !$0.isWhitespace })
            else { return FormRoutes.response(form.signIn(isMistaken: true), status: .unprocessableContent) }
            var response = Self.redirect(to: Self.path)
            response.headers[.setCookie] = setCookie(sessions.cookie(open))
            return response
        }
    }

    @Sendable
    private func signOut(_ request: Request, _ context: ExchangeContext) async -> Response {
        await page(context) {
            let fields = try await FormRoutes.fields(of: request) ?? [:]
            guard let open = try await session(of: request), open.token == fields["token"] else {
                return Self.redirect(to: Self.signInPath)
            }
            var response = Self.redirect(to: Self.signInPath)
            response.headers[.setCookie] = setCookie("", keptFor: 0)
            return response
        }
    }

    // MARK: The form

    @Sendable
    private func start(_ request: Request, _ context: ExchangeContext) async -> Response {
        await page(context) {
            guard let open = try await session(of: request) else { return Self.redirect(to: Self.signInPath) }
            return shown(form.start(FormRoutes.begin(), open.session), open)
        }
    }

    @Sendable
    private func answer(_ request: Request, _ context: ExchangeContext) async -> Response {
        await page(context) {
            guard let open = try await session(of: request) else {
                return failure(
                    .unauthorized, "You were signed out",
                    "Nothing was stored. Sign in on another page, then go back to this form and send it again.")
            }
            guard let fields = try await FormRoutes.fields(of: request) else {
                return failure(.badRequest, "The page could not be read", "Please start again.")
            }
            guard fields["token"] == open.token else {
                return failure(
                    .forbidden, "The page is of another session", "Nothing was stored. Please start again.")
            }
            guard let begun = FormRoutes.begun(fields["form"]) else {
                return failure(.unprocessableContent, "The page is too old", "Nothing was stored. Please start again.")
            }
            let today = LondonTime.clock(FormRoutes.now()).date
            switch form.reply(to: fields, begun: begun, today: today, open.session) {
            case .mistaken(let html): return shown(html, open, status: .unprocessableContent)
            case .send(let sent): return try await send(sent, open)
            }
        }
    }

    private func send(_ sent: StaffForm.Sent, _ open: StaffSessions.Open) async throws -> Response {
        let arrival = Arrival(
            sender: sender, channel: .staffForm, format: .json, bytes: StrictJSON.write(sent.envelope))
        switch try await intake.receive(arrival) {
        case .received(let receipt), .duplicate(let receipt):
            return shown(form.sent(reference: receipt.id.description, open.session), open)
        case .conflict:
            return failure(
                .conflict, "This form was sent already", "What was sent first is stored. To add to it, enter another.")
        case .quarantined:
            // The envelope is our own making, so this is a mistake of ours: staff have it all the same.
            return failure(
                .internalServerError, "Sorry, there is a problem with the service",
                "What you entered is stored, and waits among the work items.")
        }
    }

    // MARK: Sessions and answers

    private func session(of request: Request) async throws -> StaffSessions.Open? {
        // Other cookies of the same host come along.
        let cookies = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        for cookie in cookies {
            let parts = cookie.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].filter({ $0 != " " }) == cookieName else { continue }
            if let open = try await sessions.resume(String(parts[1])) { return open }
        }
        return nil
    }

    /// A browser takes the prefix to mean: of this host, and over TLS only (RFC 6265bis section 4.1.3).
    private var cookieName: String { isSecure ? "__Host-hub-staff" : "hub-staff" }

    private func setCookie(_ value: String, keptFor seconds: Int = Int(StaffSessions.idle / .seconds(1))) -> String {
        "\(cookieName)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// A page of an open session, which goes on from now.
    private func shown(
        _ html: String, _ open: StaffSessions.Open, status: HTTPResponse.Status = .ok
    ) -> Response {
        var response = FormRoutes.response(html, status: status)
        response.headers[.setCookie] = setCookie(sessions.cookie(open))
        return response
    }

    private func page(_ context: ExchangeContext, _ body: () async throws -> Response) async -> Response {
        do {
            return try await body()
        } catch let problem as Problem where problem.status.kind == .clientError {
            return failure(problem.status, "The page could not be read", "Please start again with fewer words.")
        } catch {
            context.logger.warning("the staff form cannot be served", metadata: ["error": "\(type(of: error))"])
            return failure(
                .serviceUnavailable, "Sorry, there is a problem with the service",
                "Nothing is lost if you go back: wait a few minutes and send it again.")
        }
    }

    private func failure(_ status: HTTPResponse.Status, _ title: String, _ text: String) -> Response {
        FormRoutes.response(form.failure(title: title, text: text), status: status)
    }

    private static func redirect(to path: String) -> Response {
        var headers = HTTPFields()
        headers[.location] = path
        headers[.cacheControl] = "no-store"
        return Response(status: .seeOther, headers: headers)
    }
}
