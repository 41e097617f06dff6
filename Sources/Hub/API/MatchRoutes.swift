import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// Pairs of persons who may be one, for staff systems.
struct MatchRoutes {
    let matches: Matches

    func add(to routes: GuardedRoutes) {
        routes.get("/v1/matches", for: .readMatch, use: list)
        routes.get("/v1/matches/{id}", for: .readMatch, use: read)
        routes.post("/v1/matches/{id}/decisions", for: .decideMatch, use: decide)
    }

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let parameters = request.uri.queryParameters
        let limit = parameters["limit"].map { Int($0) } ?? 100
        let person = parameters["person"].map { UUIDValue(String($0)) }
        var findings: [Finding] = []
        if !(1...500).contains(limit ?? 0) { findings.append(Finding(.schema, at: "limit", "Must be from 1 to 500")) }
        if case .some(nil) = person { findings.append(Finding(.schema, at: "person", "Must be a person's id")) }
        guard findings.isEmpty else { throw RequestError(findings: findings) }
        let waiting = try await matches.waiting(of: person ?? nil, limit: limit ?? 100)
        return .json(["matches": .array(waiting.map(\.value))])
    }

    @Sendable
    private func read(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard let match = try await matches.match(try context.parameters.id(), viewedBy: staff.id) else {
            throw Problem.notFound
        }
        return .json(match)
    }

    @Sendable
    private func decide(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: SharingRoutes.bodyLimit)
        guard let decided = try await matches.decide(id, body, by: staff.id) else { throw Problem.notFound }
        return .json(decided, status: .created)
    }
}
