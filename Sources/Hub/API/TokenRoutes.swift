import HTTPTypes
import Hummingbird
import NIOCore
import Referral

/// Access tokens: `POST /oauth2/token`, and what a client must know of it at `GET /.well-known/oauth-authorization-server`
/// (RFC 8414).
struct TokenRoutes {
    static let path = "/oauth2/token"
    private static let bodyLimit = 16 << 10
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    private let issuer: String
    private let server: TokenServer
    private let certificates: CallerCertificates
    private let metrics: Metrics
    private let refusals: Refusals
    private let attempts = AddressLimit(.init(perSecond: 20, burst: 200))

    /// - Parameter issuer: The address by which partners call the listener.
    init(issuer: String, certificates: CallerCertificates, hub: HubServices) {
        self.issuer = issuer
        self.certificates = certificates
        server = TokenServer(url: issuer + Self.path, credentials: hub.credentials, hub.installation)
        metrics = hub.metrics
        refusals = Refusals(hub.metrics)
    }

    func add(to router: Router<ExchangeContext>) {
        router.post("\(Self.path)", use: token)
        router.get("/.well-known/oauth-authorization-server", use: metadata)
    }

    @Sendable
    private func metadata(_ request: Request, _ context: ExchangeContext) -> Response {
        .json([
            "issuer": .string(issuer), "token_endpoint": .string(server.url),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": .array(ClientKey.allAlgorithms.map(Value.string)),
            "response_types_supported": [],
            "tls_client_certificate_bound_access_tokens": .bool(certificates.areAskedFor),
        ])
    }

    /// An error of RFC 6749 section 5.2.
    private struct Fault: Error {
        var status: HTTPResponse.Status = .badRequest
        var code: String
        var text: String
    }

    @Sendable
    private func token(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        if let wait = attempts.admit(context.remoteAddress?.ipAddress ?? "") {
            throw Problem.tooManyRequests(after: wait)
        }
        do {
            let form = try Self.form(request, try await request.bytes(limit: Self.bodyLimit))
            guard form["grant_type"] == "client_credentials" else {
                throw Fault(code: "unsupported_grant_type", text: "grant_type must be client_credentials")
            }
            guard form["client_assertion_type"] == Self.assertionType, let assertion = form["client_assertion"] else {
                throw Fault(
                    status: .unauthorized, code: "invalid_client",
                    text: "client_assertion is missing, or client_assertion_type is not \(Self.assertionType)")
            }
            let token = try await server.token(
                for: assertion, clientID: form["client_id"], with: certificates.certificate(of: context))
            metrics.count(.tokens, "given")
            return .json([
                "access_token": .string(token), "token_type": "Bearer",
                "expires_in": .number(String(AccessToken.lifetime)),
            ])
        } catch let refusal as SignedAssertion.Refusal {
            return refused(Fault(status: .unauthorized, code: "invalid_client", text: refusal.text), context)
        } catch let fault as Fault {
            return refused(fault, context)
        }
    }

    private func refused(_ fault: Fault, _ context: ExchangeContext) -> Response {
        metrics.count(.tokens, fault.code)
        refusals.note("token_\(fault.code)", context)
        return .json(["error": .string(fault.code), "error_description": .string(fault.text)], status: fault.status)
    }

    /// The parameters, none of them twice (RFC 6749 section 3.2).
    private static func form(_ request: Request, _ body: [UInt8]) throws -> [String: String] {
        let type = request.headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() }
        guard type == "application/x-www-form-urlencoded" else {
            throw Fault(code: "invalid_request", text: "The body is a form: application/x-www-form-urlencoded")
        }
        let text = String(decoding: body, as: UTF8.self)
        let names = text.split(separator: "&").map { $0.prefix { $0 != "=" } }
        guard Set(names).count == names.count,
            let form = try? URLEncodedFormDecoder().decode([String: String].self, from: text)
        else { throw Fault(code: "invalid_request", text: "The body is no form, or has a parameter twice") }
        return form
    }
}
