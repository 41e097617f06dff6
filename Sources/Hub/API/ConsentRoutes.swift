import Hummingbird
import Postgres
import Referral
import Rights
import Translation

/// Shared Agreements as FHIR R4 Consent, for staff systems.
struct ConsentRoutes {
    let sharing: Sharing

    func add(to routes: GuardedRoutes) {
        routes.post("/fhir/R4/Consent", for: .recordAgreement, use: create)
        routes.get("/fhir/R4/Consent/{id}", for: .readAgreement, use: read)
    }

    @Sendable
    private func create(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard MediaType.format(request.headers[.contentType]) == .fhir else {
            throw Problem(Finding(.mediaType, at: "", "\(ConsentResource.mediaType) is taken"))
        }
        let body = try ConsentReader.agreement(in: try await request.bytes(limit: SharingRoutes.bodyLimit))
        let key = request.headers[.idempotencyKey]
        guard let answer = try await sharing.addAgreement(body, key: key, by: staff.id) else { throw Problem.notFound }
        guard let id = answer.value?["agreement_id"]?.stringValue.flatMap(UUIDValue.init),
            let consent = try await sharing.consent(id)
        else {
            throw Problem(Finding(.conflict, at: "", "Another request came under this Idempotency-Key before"))
        }
        let isNew = if case .made = answer { true } else { false }
        return .json(
            consent, status: isNew ? .created : .ok, mediaType: ConsentResource.mediaType,
            location: "\(OperationOutcome.root)/Consent/\(id)")
    }

    @Sendable
    private func read(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        guard let consent = try await sharing.consent(try context.parameters.id()) else { throw Problem.notFound }
        return .json(consent, mediaType: ConsentResource.mediaType)
    }
}
