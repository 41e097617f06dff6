import CaseStore
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import Referral
import Rights
import Translation

/// `POST /v1/referrals`, `GET /v1/referrals`, `GET /v1/referrals/{id}`, `POST /v1/referrals/{id}/outcome`,
/// `GET /v1/receipts/{id}` and `GET /v1/submissions/{id}/document`.
struct ReferralRoutes {
    /// What the readers of the formats take, by HTTP and as a dropped file alike.
    static let bodyLimit = 16 << 20

    let intake: Intake
    let receipts: Receipts
    let hl7Answers: HL7Answers
    let metrics: Metrics

    func add(to routes: GuardedRoutes) {
        routes.post("/v1/referrals", for: .submitReferral, use: submit)
        routes.get("/v1/referrals", for: .readReferral, use: list)
        routes.get("/v1/referrals/{id}", for: .readReferral, use: open)
        routes.post("/v1/referrals/{id}/outcome", for: .recordOutcome, use: setOutcome)
        routes.get("/v1/receipts/{id}", for: .readReceipt, use: read)
        routes.get("/v1/submissions/{id}/document", for: .readDocument, use: document)
    }

    @Sendable
    private func submit(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let sender = try context.caller()
        let bytes: [UInt8]
        do {
            bytes = try await request.bytes(limit: Self.bodyLimit)
        } catch let problem as Problem where problem.status == .contentTooLarge {
            metrics.count(.refusedRequests, problem.code)
            await intake.noteRefusal(by: sender, code: .tooLarge)
            throw problem
        }
        let arrival = Arrival(
            sender: sender,
            channel: .https,
            format: MediaType.format(request.headers[.contentType]),
            idempotencyKey: request.headers[.idempotencyKey],
            bytes: bytes
        )
        let result = await LargeDocuments.answering.reading(bytes.count) {
            await intake.receive([arrival])[0]
        }
        if arrival.format == .hl7v2, MediaType.acceptsHL7(request.headers[.accept]) {
            return await hl7Response(to: arrival, result)
        }
        switch try result.get() {
        case .received(let receipt):
            return .json(receipt.value(.received), status: .accepted, location: receipt.location)
        case .duplicate(let receipt):
            return .json(receipt.value(.duplicate), status: .ok, location: receipt.location)
        case .quarantined(let receipt, let finding):
            throw Problem(finding, receipt: receipt.id.description)
        case .conflict:
            throw Problem(Finding(.conflict, at: "", "Other bytes were received under this id before"))
        }
    }

    /// The same answer as an HL7 acknowledgement, for a client that accepts that; its status is the one of the other form.
    private func hl7Response(to arrival: Arrival, _ result: Result<IntakeAnswer, any Error>) async -> Response {
        let question = hl7Answers.question(arrival.bytes, from: arrival.sender)
        let fate = HL7Answers.Fate(result)
        let answer = await hl7Answers.only(question, fate, by: .now + IntakeOutcomes.patience)
        let status: HTTPResponse.Status =
            switch (result, fate) {
            case (.success(.duplicate), _): .ok
            case (_, .stored): .accepted
            case (_, .refused(let finding, _)): Problem(finding).status
            case (_, .unavailable): .serviceUnavailable
            }
        var headers: HTTPFields = [.contentType: "application/hl7-v2", .cacheControl: "no-store"]
        if case .stored(let receipt) = fate { headers[.location] = receipt.location }
        if status == .serviceUnavailable { headers[.retryAfter] = "5" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: answer)))
    }

    @Sendable
    private func list(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let parameters = request.uri.queryParameters
        var findings: [Finding] = []
        let after = parameters["after"].map { text in
            UUIDValue(String(text))
                ?? {
                    findings.append(Finding(.schema, at: "after", "Must be a referral's id"))
                    return nil
                }()
        }
        let limit = parameters["limit"].map { Int($0) } ?? 100
        if !(1...500).contains(limit ?? 0) { findings.append(Finding(.schema, at: "limit", "Must be from 1 to 500")) }
        guard findings.isEmpty else { throw RequestError(findings: findings) }
        let entries = try await receipts.referrals(after: after ?? nil, limit: limit ?? 100)
        return .json(["referrals": .array(entries)])
    }

    @Sendable
    private func open(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard let value = try await receipts.referral(try context.parameters.id(), for: staff) else {
            throw Problem.notFound
        }
        return .json(value)
    }

    @Sendable
    private func setOutcome(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        let id = try context.parameters.id()
        let body = try await request.bytes(limit: 1 << 20)
        guard let value = try await receipts.setOutcome(body, of: id, by: staff.id) else { throw Problem.notFound }
        return .json(value)
    }

    /// The bytes as they came, to be kept and not shown: whatever they are, a browser is told to run nothing of them.
    @Sendable
    private func document(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let staff = try context.caller()
        guard let document = try await receipts.document(try context.parameters.id(), for: staff) else {
            throw Problem.notFound
        }
        var headers = HTTPFields()
        headers[.contentType] = "application/octet-stream"
        headers[.contentDisposition] = "attachment; filename=\"\(document.receipt.id)\""
        headers[.cacheControl] = "no-store"
        return Response(
            status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: document.bytes)))
    }

    @Sendable
    private func read(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let caller = try context.caller()
        guard let value = try await receipts.read(try context.parameters.id(), for: caller) else {
            throw Problem.notFound
        }
        return .json(value)
    }
}

/// Which format a `Content-Type` names.
enum MediaType {
    /// The format, or nil for a type that the hub does not take.
    static func format(_ contentType: String?) -> DocumentFormat? {
        let type = contentType?.split(separator: ";").first.map { $0.filter { $0 != " " }.lowercased() }
        return switch type {
        case "application/vnd.lac.referral+json", "application/json": .json
        case "application/fhir+json", "application/fhir+xml": .fhir
        case "application/hl7-v2", "x-application/hl7-v2+er7": .hl7v2
        case "application/xml", "text/xml": .xml
        case "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": .csv
        default: nil
        }
    }

    /// Whether an `Accept` names HL7 v2 by its own type. Anything at all (`*/*`) gets JSON.
    static func acceptsHL7(_ accept: String?) -> Bool {
        accept?.split(separator: ",").contains { format(String($0)) == .hl7v2 } ?? false
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}
