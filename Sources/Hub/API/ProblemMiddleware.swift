import HTTPTypes
import Hummingbird
import Logging
import MessageQueue
import Postgres

/// Turns every error that a route throws into its problem document, so that none reaches a client as bare text.
///
/// A database that cannot be reached is 503 with `Retry-After`; what nobody foresaw is 500 with no more than that.
struct ProblemMiddleware: RouterMiddleware {
    func handle(
        _ request: Request,
        context: ExchangeContext,
        next: (Request, ExchangeContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return try problem.response(from: request, context: context)
        } catch let error as RequestError {
            return try Problem(error).response(from: request, context: context)
        } catch let error as HTTPError {
            let problem = Problem(
                status: error.status,
                code: error.status == .notFound ? "not_found" : "request",
                title: error.status.reasonPhrase
            )
            return try problem.response(from: request, context: context)
        } catch is QueueError {
            return try Problem.unavailable(request.method).response(from: request, context: context)
        } catch let error as PostgresError {
            context.logger.warning("request failed in the database", metadata: ["error": "\(error)"])
            return try Problem.unavailable(request.method).response(from: request, context: context)
        } catch {
            context.logger.error("request failed", metadata: ["error": "\(type(of: error))"])
            let problem = Problem(
                status: .internalServerError, code: "internal", title: "The hub failed; the same may be sent again"
            )
            return try problem.response(from: request, context: context)
        }
    }
}
