import HTTPTypes
import Hummingbird
import Referral

/// What control rooms call: `POST /v1/emergency/lookup` and `POST /v1/emergency/key-safe` (partner interfaces, section 7).
///
/// Who asks is told by a client certificate or an access token, out of memory; never by an API key.
struct EmergencyRoutes {
    private static let bodyLimit = 16 << 10

    let desk: EmergencyDesk
    let certificates: CallerCertificates
    let refusals: Refusals

    func add(to router: Router<ExchangeContext>) {
        router.post("/v1/emergency/lookup", use: look)
        router.post("/v1/emergency/key-safe", use: reveal)
    }

    @Sendable
    private func look(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let caller = try await caller(request, context)
        let body = try await request.bytes(limit: Self.bodyLimit)
        return .json(try await desk.look(LookRequest(body, by: caller.id), by: caller))
    }

    @Sendable
    private func reveal(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let caller = try await caller(request, context)
        let body = try await request.bytes(limit: Self.bodyLimit)
        return .json(try await desk.reveal(RevealRequest(body), by: caller))
    }

    /// The body is not touched before this has passed.
    private func caller(_ request: Request, _ context: ExchangeContext) async throws -> EmergencyCallers.Caller {
        let certificate = await certificates.certificate(of: context)
        let header = request.headers[.authorization]
        let token = header.flatMap(Authentication.bearer)
        guard header == nil || token != nil, let caller = desk.caller(certificate: certificate, token: token) else {
            refusals.note("emergency_unauthorized", context, Authentication.shown(request, certificate))
            throw Problem(
                status: .unauthorized, code: "unauthorized",
                title: "A control room's client certificate or access token is needed; an API key does not open this")
        }
        return caller
    }
}
