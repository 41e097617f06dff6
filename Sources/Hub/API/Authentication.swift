import HTTPTypes
import Hummingbird

/// Lets a request pass only with the API key of an enabled partner or staff system.
///
/// The body is not touched before this has passed, so nobody unknown can make the hub parse anything.
struct Authentication: RouterMiddleware {
    let credentials: Credentials
    let metrics: Metrics

    func handle(
        _ request: Request,
        context: ExchangeContext,
        next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        guard let key = Self.key(in: request), let principal = try await credentials.principal(for: key) else {
            metrics.count(.refusedRequests, "unauthorized")
            throw Problem.unauthorized
        }
        var context = context
        context.principal = principal
        return try await next(request, context)
    }

    private static func key(in request: Request) -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
