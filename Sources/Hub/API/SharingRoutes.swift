import Disclosure
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import Referral
import Rights
import Translation

/// Shared Agreements and shares, for staff systems.
struct SharingRoutes {
    static let bodyLimit = 1 << 20

    let sharing: Sharing

    func add(to routes: GuardedRoutes) {
        routes.post("/v1/agreements", for: .recordAgreement, use: addAgreement)
        routes.get("/v1/agreements/{id}", for: .readAgreement, use: readAgreement)
        routes.post("/v1/agreements/{id}/withdrawals", for: .withdrawAgreement, use: withdraw)
        routes.get("/v1/persons/{id}/agreements", for: .readAgreement, use: readAgreements)
        routes.post("/v1/shares", for: .requestShare, use: requestShare)
        routes.get("/v1/shares/{id}", for: .readShare, use: readShare)
        routes.post("/v1/shares/{id}/cancellations", for: .cancelShare, use: cancelShare)
        routes.post("/v1/shares/{id}/acknowledgements", for: .acknowledgeShare, use: acknowledge)
        routes.get("/v1/shares/{id}/preview", for: .previewShare, use: preview)
        routes.get("/v1/shares/{id}/approvals", for: .readApproval, use: readAnswers)
        routes.post("/v1/shares/{id}/approvals", for: .approveShare, use: answer)
        routes.get("/v1/persons/{id}/circumstances", for: .readCircumstances, use: readCircumstances)
        routes.patch("/v1/persons/{id}/circumstances", for: .changeCircumstances, use: changeCircumstances)
    }

    @Sendable
    private func addAgreement(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let body = try await request.bytes(limit: Self.bodyLimit)
        let key = request.headers[.idempotencyKey]
        return try response(
            try await sharing.addAgreement(body, key: key, by: staff.id), at: "/v1/agreements/", id: "agreement_id")
    }

    @Sendable
    private func readAgreement(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        guard let agreement = try await sharing.agreement(try context.parameters.id()) else { throw Problem.notFound }
        return .json(agreement)
    }

    @Sendable
    private func readAgreements(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        guard let agreements = try await sharing.agreements(of: try context.parameters.id()) else {
            throw Problem.notFound
        }
        return .json(["agreements": .array(agreements)])
    }

    @Sendable
    private func withdraw(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        guard let withdrawn = try await sharing.withdraw(id, body, by: staff.id) else { throw Problem.notFound }
        return .json(withdrawn, status: .created)
    }

    @Sendable
    private func requestShare(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let body = try await request.bytes(limit: Self.bodyLimit)
        let key = request.headers[.idempotencyKey]
        return try response(
            try await sharing.requestShare(body, key: key, by: staff.id), at: "/v1/shares/", id: "share_id")
    }

    /// 201 for what was made now, 200 for what the same request made before, 409 for another under the same key.
    private func response(_ answer: Sharing.Answer?, at path: String, id: String) throws -> Response {
        switch answer {
        case .made(let value): .json(value, status: .created, location: path + (value[id]?.stringValue ?? ""))
        case .repeated(let value): .json(value, status: .ok, location: path + (value[id]?.stringValue ?? ""))
        case .conflict:
            throw Problem(Finding(.conflict, at: "", "Another request came under this Idempotency-Key before"))
        case nil: throw Problem.notFound
        }
    }

    @Sendable
    private func readShare(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        guard let share = try await sharing.share(try context.parameters.id()) else { throw Problem.notFound }
        return .json(share)
    }

    @Sendable
    private func preview(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let authority = request.uri.queryParameters["authority_ref"].map(String.init)
        switch try await sharing.preview(try context.parameters.id(), authority: authority, by: staff.id) {
        case .document(let document, let digest):
            var headers = HTTPFields()
            headers[.contentType] = document.mediaType
            headers[.cacheControl] = "no-store"
            // RFC 9530, section 2.
            if let name = HTTPField.Name("Content-Digest") {
                headers[name] = "sha-256=:\(Data(digest).base64EncodedString()):"
            }
            let body = ByteBuffer(bytes: document.bytes)
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
        case .nothing(let finding): throw Problem(finding)
        case nil: throw Problem.notFound
        }
    }

    @Sendable
    private func answer(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        let request = try ApprovalRequest(body)
        guard staff.reach(request.role.operation) != nil else { throw Problem.forbidden }
        switch try await sharing.answer(request, to: id, by: staff.id) {
        case .entered(let share): return .json(share)
        case .refused(let finding): throw Problem(finding)
        case nil: throw Problem.notFound
        }
    }

    @Sendable
    private func readAnswers(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard let answers = try await sharing.answers(to: try context.parameters.id(), by: staff.id) else {
            throw Problem.notFound
        }
        return .json(answers)
    }

    @Sendable
    private func readCircumstances(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        guard let circumstances = try await sharing.circumstances(of: try context.parameters.id()) else {
            throw Problem.notFound
        }
        return .json(circumstances)
    }

    @Sendable
    private func changeCircumstances(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        guard let changed = try await sharing.changeCircumstances(body, of: id, by: staff.id) else {
            throw Problem.notFound
        }
        return .json(changed)
    }

    @Sendable
    private func acknowledge(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        switch try await sharing.acknowledge(id, body, by: staff.id) {
        case .made(let share), .repeated(let share): return .json(share)
        case .conflict: throw Problem(Finding(.conflict, at: "", "It was not delivered"))
        case nil: throw Problem.notFound
        }
    }

    @Sendable
    private func cancelShare(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: Self.bodyLimit)
        switch try await sharing.cancel(id, body, by: staff.id) {
        case .made(let share), .repeated(let share): return .json(share)
        case .conflict: throw Problem(Finding(.conflict, at: "", "It is on its way, or has ended"))
        case nil: throw Problem.notFound
        }
    }
}
