import Hummingbird
import Postgres
import Referral
import Rights

/// What staff call for emergency access: cards at `/v1/persons/{id}/access-card`, looks at `/v1/emergency/looks`, and those at
/// one person at `/v1/persons/{id}/looks`.
struct AccessRoutes {
    private static let bodyLimit = 64 << 10

    let cards: AccessCards

    func add(to routes: GuardedRoutes) {
        routes.put("/v1/persons/{id}/access-card", for: .keepAccessCard, use: save)
        routes.get("/v1/persons/{id}/access-card", for: .readAccessCard, use: read)
        routes.delete("/v1/persons/{id}/access-card", for: .keepAccessCard, use: remove)
        routes.get("/v1/persons/{id}/access-card/draft", for: .keepAccessCard, use: draft)
        routes.get("/v1/persons/{id}/looks", for: .readPersonLooks, use: looksAtPerson)
        routes.get("/v1/emergency/looks", for: .readLook, use: looks)
        routes.post("/v1/emergency/looks/{id}/review", for: .reviewLook, use: review)
    }

    @Sendable
    private func save(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        guard let value = try await cards.save(body, of: id, by: staff.id) else { throw Problem.notFound }
        return .json(value)
    }

    @Sendable
    private func read(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard let value = try await cards.read(try context.parameters.id(), by: staff.id) else {
            throw Problem.notFound
        }
        return .json(value)
    }

    @Sendable
    private func remove(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard try await cards.remove(try context.parameters.id(), by: staff.id) else { throw Problem.notFound }
        return Response(status: .noContent)
    }

    @Sendable
    private func draft(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard let value = try await cards.draft(try context.parameters.id(), by: staff.id) else {
            throw Problem.notFound
        }
        return .json(value)
    }

    @Sendable
    private func looksAtPerson(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let person = try context.parameters.id()
        let before = request.uri.queryParameters["before"].map { UUIDValue(String($0)) }
        if case .some(nil) = before {
            throw RequestError(findings: [Finding(.schema, at: "before", "Must be a look's id")])
        }
        let looks = try await cards.looks(at: person, before: before ?? nil, limit: 200, by: staff.id)
        guard let looks else { throw Problem.notFound }
        return .json(["person_id": .string(person.description), "looks": .array(looks)])
    }

    @Sendable
    private func looks(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let all = request.uri.queryParameters["all"] ?? "false"
        guard ["true", "false"].contains(all) else {
            throw RequestError(findings: [Finding(.schema, at: "all", "Must be true or false")])
        }
        let looks = try await cards.looks(unreviewed: all == "false", limit: 200, by: staff.id)
        return .json(["looks": .array(looks)])
    }

    @Sendable
    private func review(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        guard try await cards.review(body, of: id, by: staff.id) else { throw Problem.notFound }
        return Response(status: .noContent)
    }
}
