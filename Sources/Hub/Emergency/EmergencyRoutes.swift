import HTTPTypes
import Hummingbird
import Referral
import Rights

/// What control rooms call: `POST /v1/emergency/lookup` and `POST /v1/emergency/key-safe` (partner interfaces, section 7).
///
/// For one that phones, staff ask: `POST /v1/emergency/calls`.
///
/// Who asks is told by a client certificate or an access token, out of memory; never by an API key.
struct EmergencyRoutes {
    private static let lookPath = "/v1/emergency/lookup"
    private static let revealPath = "/v1/emergency/key-safe"
    /// What a control room waits for.
    static let paths: Set<String> = [lookPath, revealPath]
    private static let bodyLimit = 16 << 10

    let desk: EmergencyDesk
    let certificates: CallerCertificates
    let refusals: Refusals
    /// Control rooms that ask on the page, where somebody signs in: a certificate alone opens nothing for them here.
    var pageFor: Set<String> = []

    func add(to router: Router<ExchangeContext>) {
        router.post("\(Self.lookPath)", use: look)
        router.post("\(Self.revealPath)", use: reveal)
    }

    /// - Parameter numbers: At which each control room is called back, in digits.
    func addCalls(to routes: GuardedRoutes, numbers: [String: Set<String>]) {
        routes.post("/v1/emergency/calls", for: .answerCall) { [desk] request, context in
            let staff = try context.caller()
            let call = try CallRequest(try await request.bytes(limit: Self.bodyLimit), numbers: numbers)
            guard let room = desk.controlRoom(call.agency) else {
                throw RequestError(findings: [Finding(.schema, at: "agency", "Is no control room that may ask now")])
            }
            let way = AskingWay.phone(answeredBy: "\(staff.id)/\(call.answeredBy)", number: call.number)
            switch call.asked {
            case .look(let asked): return .json(try await desk.look(asked, by: room, way))
            case .reveal(let asked): return .json(try await desk.reveal(asked, by: room, way))
            }
        }
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
        guard header == nil || token != nil, let caller = desk.caller(certificate: certificate, token: token),
            !pageFor.contains(caller.id)
        else {
            refusals.note("emergency_unauthorized", context, Authentication.shown(request, certificate))
            throw Problem(
                status: .unauthorized, code: "unauthorized",
                title: "A control room's client certificate or access token is needed; an API key does not open this")
        }
        return caller
    }
}
