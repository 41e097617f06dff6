import HTTPTypes
import Hummingbird
import Rights

/// Routes for callers who are known, each for one operation of the ``Rights`` table: none can be added without, and whoever
/// may not do it is refused before the path's parameters or the body are looked at.
struct GuardedRoutes {
    typealias Handler = @Sendable (Request, ExchangeContext) async throws -> Response

    /// Where ``Authentication`` has been passed.
    let group: RouterGroup<ExchangeContext>
    let refusals: Refusals

    func get(_ path: RouterPath, for operation: Operation, use handler: @escaping Handler) {
        on(path, .get, for: operation, use: handler)
    }

    func post(_ path: RouterPath, for operation: Operation, use handler: @escaping Handler) {
        on(path, .post, for: operation, use: handler)
    }

    func put(_ path: RouterPath, for operation: Operation, use handler: @escaping Handler) {
        on(path, .put, for: operation, use: handler)
    }

    func patch(_ path: RouterPath, for operation: Operation, use handler: @escaping Handler) {
        on(path, .patch, for: operation, use: handler)
    }

    func delete(_ path: RouterPath, for operation: Operation, use handler: @escaping Handler) {
        on(path, .delete, for: operation, use: handler)
    }

    private func on(
        _ path: RouterPath, _ method: HTTPRequest.Method, for operation: Operation, use handler: @escaping Handler
    ) {
        group.on(path, method: method) { [refusals] request, context in
            let caller = try context.caller()
            guard caller.reach(operation) != nil else {
                refusals.note("forbidden", context, ["caller": caller.id, "operation": operation.rawValue])
                throw Problem.forbidden
            }
            return try await handler(request, context)
        }
    }
}
