import HTTPTypes
import Hummingbird
import Logging

/// What the pages of staff have in common: the session of a cookie, and an answer when something goes wrong.
///
/// The cookie can be read by no script and is sent by no other site; each form brings back the session's token besides.
struct StaffSite: Sendable {
    let sessions: StaffSessions
    /// Whether the listener speaks TLS: then the cookie never leaves by anything else.
    let isSecure: Bool
    /// A page for what went wrong: its title, and a sentence or two.
    let failurePage: @Sendable (String, String) -> String

    /// The open session of a request; nil when there is none.
    func session(of request: Request) async throws -> StaffSessions.Open? {
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

    /// The header that opens a session, or has it go on from now.
    func cookie(_ open: StaffSessions.Open) -> String { cookie(sessions.cookie(open)) }

    /// The header that ends a session.
    var endedCookie: String { cookie("", keptFor: 0) }

    private func cookie(_ value: String, keptFor seconds: Int = Int(StaffSessions.idle / .seconds(1))) -> String {
        "\(cookieName)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    /// A page of an open session, which goes on from now.
    func shown(_ html: String, _ open: StaffSessions.Open, status: HTTPResponse.Status = .ok) -> Response {
        var response = FormRoutes.response(html, status: status)
        response.headers[.setCookie] = cookie(open)
        return response
    }

    /// Answers with what the body makes, or with a page that says what went wrong.
    ///
    /// - Parameter advice: What to do when it is not known what became of the request.
    func page(
        _ context: ExchangeContext,
        advice: String = "Nothing is lost if you go back: wait a few minutes and send it again.",
        _ body: () async throws -> Response
    ) async -> Response {
        do {
            return try await body()
        } catch let problem as Problem where problem.status.kind == .clientError {
            return failure(problem.status, "The page could not be read", "Please start again with fewer words.")
        } catch {
            context.logger.warning("a page of staff cannot be served", metadata: ["error": "\(type(of: error))"])
            return failure(.serviceUnavailable, "Sorry, there is a problem with the service", advice)
        }
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
