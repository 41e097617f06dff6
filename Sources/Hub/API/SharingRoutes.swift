import Hummingbird
import Postgres
import Referral

/// Shared Agreements and shares, for staff systems.
struct SharingRoutes {
    static let bodyLimit = 1 << 20

    let sharing: Sharing

    func add(to group: RouterGroup<ExchangeContext>) {
        group.post("/v1/agreements", use: addAgreement)
        group.post("/v1/agreements/{id}/withdrawals", use: withdraw)
        group.post("/v1/shares", use: requestShare)
        group.get("/v1/shares/{id}", use: readShare)
    }

    @Sendable
    private func addAgreement(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.staff()
        let body = try await request.bytes(limit: Self.bodyLimit)
        guard let added = try await sharing.addAgreement(body, by: staff.id) else { throw Problem.notFound }
        return .json(added, status: .created, location: "/v1/agreements/\(added["agreement_id"]?.stringValue ?? "")")
    }

    @Sendable
    private func withdraw(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.staff()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        guard let withdrawn = try await sharing.withdraw(id, body, by: staff.id) else { throw Problem.notFound }
        return .json(withdrawn, status: .created)
    }

    @Sendable
    private func requestShare(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.staff()
        let body = try await request.bytes(limit: Self.bodyLimit)
        guard let share = try await sharing.requestShare(body, by: staff.id) else { throw Problem.notFound }
        return .json(share, status: .created, location: "/v1/shares/\(share["share_id"]?.stringValue ?? "")")
    }

    @Sendable
    private func readShare(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        _ = try context.staff()
        guard let share = try await sharing.share(try context.parameters.id()) else { throw Problem.notFound }
        return .json(share)
    }
}
