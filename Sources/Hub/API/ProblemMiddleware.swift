import CaseStore
import HTTPTypes
import Hummingbird
import Logging
import MessageQueue
import Postgres
import Referral
import Translation

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
            // The first stands for the authority; another, or none, and nobody can say whom the request is for (RFC 9112
            // section 3.2).
            guard request.head.authority?.isEmpty == false, request.headers[.host] == nil else {
                var response = try Problem(
                    status: .badRequest, code: "request", title: "One Host is needed, and no more"
                ).response(from: request, context: context)
                response.headers[.connection] = "close"
                return response
            }
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
        } catch is PersonMerged {
            let text = "This person was found to be another: enter it for that one"
            return try Problem(Finding(.conflict, at: "", text)).response(from: request, context: context)
        } catch CaseStoreError.keyDestroyed {
            let problem = Problem(status: .gone, code: "erased", title: "What was known of this person was erased")
            return try problem.response(from: request, context: context)
        } catch CaseStoreError.documentDestroyed(_, let at) {
            let problem = Problem(
                status: .gone, code: "document_destroyed", title: "The document was destroyed",
                detail: "On \(at.rfc3339). Its receipt stays, and so do the referrals that were made of it.")
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

extension HTTPField.Name {
    fileprivate static let host = HTTPField.Name("Host")!
}
