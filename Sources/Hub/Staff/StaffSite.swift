import Forms
import HTTPTypes
import Hummingbird
import Logging
import Rights

/// What the pages of staff have in common: the session of a cookie, the right to a page, and an answer when something goes
/// wrong.
///
/// The cookie can be read by no script and is sent by no other site; each form brings back the session's token besides.
struct StaffSite: Sendable {
    let sessions: StaffSessions
    /// Whether the listener speaks TLS: then the cookie never leaves by anything else.
    let isSecure: Bool
    /// A page for what went wrong: its title, and a sentence or two.
    let failurePage: @Sendable (String, String) -> String

    /// For a page that can be sent again as it is.
    static let usualAdvice = "Nothing is lost if you go back: wait a few minutes and send it again."

    /// The open session of a request; nil when there is none.
    func session(of request: Request) async throws -> StaffSessions.Open? {
        // Each is looked up; of ours a browser has one, and a parent domain may have set another.
        for value in cookies(cookieName, of: request).prefix(2) {
            if let open = try await sessions.resume(value) { return open }
        }
        return nil
    }

    /// The open session of what a page asks by itself, which goes on no longer for that.
    func unattended(_ request: Request) async throws -> StaffSessions.Open? {
        for value in cookies(cookieName, of: request).prefix(2) {
            if let open = try await sessions.peek(value) { return open }
        }
        return nil
    }

    /// The values of a cookie; those of the same host by other names come along, and are left out.
    func cookies(_ name: String, of request: Request) -> [String] {
        request.headers[values: .cookie].flatMap { $0.split(separator: ";") }.compactMap { cookie in
            let parts = cookie.split(separator: "=", maxSplits: 1)
            return parts.count == 2 && parts[0].filter { $0 != " " } == name ? String(parts[1]) : nil
        }
    }

    /// A browser takes the prefix to mean: of this host, and over TLS only (RFC 6265bis section 4.1.3).
    private func hostName(_ name: String) -> String { isSecure ? "__Host-\(name)" : name }

    private var cookieName: String { hostName("hub-staff") }

    /// The name of the cookie that is kept while somebody is away at the provider.
    var awayCookieName: String { hostName("hub-sign-in") }

    /// The header that opens a session, or has it go on from now.
    func cookie(_ open: StaffSessions.Open) -> String {
        cookie(cookieName, open.cookie, keptFor: StaffSessions.idle, site: "Strict")
    }

    /// The header that ends a session.
    var endedCookie: String { cookie(cookieName, "", keptFor: .zero, site: "Strict") }

    /// The header that keeps what was begun; the provider's site leads back here, which `Strict` would keep it from.
    func awayCookie(_ value: String) -> String {
        cookie(awayCookieName, value, keptFor: value.isEmpty ? .zero : ProviderSignIn.patience, site: "Lax")
    }

    private func cookie(_ name: String, _ value: String, keptFor: Duration, site: String) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(keptFor.components.seconds); HttpOnly; SameSite=\(site)"
            + (isSecure ? "; Secure" : "")
    }

    /// A page of an open session, which goes on from now.
    func shown(_ html: String, _ open: StaffSessions.Open, status: HTTPResponse.Status = .ok) -> Response {
        var response = FormRoutes.response(html, status: status)
        response.headers[.setCookie] = cookie(open)
        return response
    }

    /// Has the browser ask for a page again by itself: without a script, and by no element of the page, which nobody could
    /// switch off either. What it asks for says so, and keeps nobody signed in.
    ///
    /// - Parameter path: From the root, with its query; it goes into a header as it is.
    static func refresh(_ response: inout Response, _ path: String, after seconds: Int) {
        let address = "\(path)\(path.contains("?") ? "&" : "?")\(byItself)"
        response.headers[HTTPField.Name("Refresh")!] = "\(seconds); url=\(address)"
    }

    private static let byItself = "by=itself"

    /// Answers with what the body makes of an open session that may do an operation; else leads to signing in, or says that
    /// it may not. A page that is asked for by itself (``refresh(_:_:after:)``) has the session go on no longer.
    func page(
        _ request: Request, _ context: ExchangeContext, for operation: Operation,
        _ body: (StaffSessions.Open) async throws -> Response
    ) async -> Response {
        await page(context) {
            let isUnattended = request.uri.queryParameters["by"] == "itself"
            guard let open = isUnattended ? try await unattended(request) : try await session(of: request) else {
                // Whoever signs in is there again.
                let path = ["?", "&"].reduce(request.uri.string) { $0.replacing($1 + Self.byItself, with: "") }
                return Self.redirect(to: NextPage(path).map(\.signInPath) ?? StaffRoutes.signInPath)
            }
            guard open.may(operation) else { return mayNot }
            var response = try await body(open)
            if isUnattended { response.headers[.setCookie] = nil }
            return response
        }
    }

    /// As ``page(_:_:for:_:)``, for what a form sent: the fields are those of this session's own page.
    ///
    /// - Parameters:
    ///   - undone: What has not happened when it is refused: "Nothing was stored."
    ///   - advice: What to do when it is not known what became of the request.
    func form(
        _ request: Request, _ context: ExchangeContext, for operation: Operation?, undone: String,
        advice: String = Self.usualAdvice,
        _ body: (StaffSessions.Open, [String: String]) async throws -> Response
    ) async -> Response {
        await page(context, advice: advice) {
            // First: who is slow to send may do what they may when all of it has come, and not what they might when it began.
            let sent = try await FormRoutes.fields(of: request)
            guard let open = try await session(of: request) else { return signedOut(undone) }
            if let operation, !open.may(operation) { return mayNot }
            guard let fields = sent else {
                return failure(.badRequest, "The page could not be read", "Please start again.")
            }
            guard open.owns(fields) else {
                return failure(
                    .forbidden, "The page is of another session", "\(undone) Please start again.")
            }
            do {
                return try await body(open, fields)
            } catch is StaffSessions.Ended {
                return signedOut(undone)
            }
        }
    }

    private func signedOut(_ undone: String) -> Response {
        failure(
            .unauthorized, "You were signed out",
            "\(undone) Sign in on another page, then go back to this one and send it again.")
    }

    /// For whoever is signed in and may not open the page.
    var mayNot: Response {
        failure(.forbidden, "Your account may not open this page", "Your administrator can give it another role.")
    }

    /// Answers with what the body makes, or with a page that says what went wrong.
    func page(
        _ context: ExchangeContext,
        advice: String = Self.usualAdvice,
        _ body: () async throws -> Response
    ) async -> Response {
        do {
            return try await body()
        } catch let problem as Problem where problem.status.kind == .clientError {
            return failure(problem.status, "The page could not be read", "Please start again with fewer words.")
        } catch is PasswordHash.Crowded {
            return tooMany(after: .seconds(30))
        } catch {
            context.logger.warning("a page of staff cannot be served", metadata: ["error": "\(type(of: error))"])
            return failure(.serviceUnavailable, "Sorry, there is a problem with the service", advice)
        }
    }

    func tooMany(after wait: Duration) -> Response {
        var response = failure(.tooManyRequests, "Too many attempts", "Wait a little and try again.")
        response.headers[.retryAfter] = String(wait.components.seconds + 1)
        return response
    }

    /// A page for what went wrong.
    func failure(_ status: HTTPResponse.Status, _ title: String, _ text: String) -> Response {
        FormRoutes.response(failurePage(title, text), status: status)
    }

    /// A page elsewhere.
    static func redirect(to path: String) -> Response {
        var headers = HTTPFields()
        headers[.location] = path
        headers[.cacheControl] = "no-store"
        return Response(status: .seeOther, headers: headers)
    }
}
