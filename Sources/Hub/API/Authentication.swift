import Channels
import HTTPTypes
import Hummingbird

/// Lets a request pass only with a credential of an enabled partner or staff system: an access token or an API key, else
/// the certificate of its connection.
///
/// The body is not touched before this has passed, so nobody unknown can make the hub parse a document.
struct Authentication: RouterMiddleware {
    let credentials: Credentials
    let certificates: CallerCertificates
    let refusals: Refusals

    func handle(
        _ request: Request,
        context: ExchangeContext,
        next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        let certificate = await certificates.certificate(of: context)
        guard let principal = try await principal(request, certificate) else {
            refusals.note("unauthorized", context, Self.shown(request, certificate))
            throw Problem.unauthorized
        }
        var context = context
        context.principal = principal
        return try await next(request, context)
    }

    /// Whoever both the certificate and the header stand for, where both are there; nobody where the certificate is one that
    /// was revoked.
    private func principal(_ request: Request, _ certificate: ClientCertificate?) async throws -> Principal? {
        var holder: Principal?
        if let certificate {
            switch try await credentials.holder(of: certificate) {
            case .principal(let principal): holder = principal
            case .refused: return nil
            case .nobody: break
            }
        }
        guard let header = request.headers[.authorization] else { return holder }
        guard let text = Self.bearer(header), let bearer = try await bearer(text, certificate) else { return nil }
        return holder == nil || holder?.id == bearer.id ? bearer : nil
    }

    private func bearer(_ text: String, _ certificate: ClientCertificate?) async throws -> Principal? {
        AccessToken.isNamed(text)
            ? try await credentials.principal(token: text, with: certificate)
            : try await credentials.principal(for: text)
    }

    /// Which kind of credential was shown, and what of it is no secret.
    static func shown(_ request: Request, _ certificate: ClientCertificate?) -> [String: String] {
        var facts: [String: String] = [:]
        if let certificate { facts["certificate"] = Hexadecimal.text(certificate.thumbprint.prefix(8)) }
        guard let header = request.headers[.authorization] else { return facts }
        let text = bearer(header) ?? ""
        facts["credential"] = AccessToken.isNamed(text) ? "access_token" : "api_key"
        return facts
    }

    /// The credential of an `Authorization` header; nil where it is of another kind.
    static func bearer(_ header: String) -> String? {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
