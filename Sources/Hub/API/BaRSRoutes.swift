import CaseStore
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import Referral
import Rights
import Translation

/// `POST /fhir/R4/$process-message` and `GET /fhir/R4/metadata`, for senders of the Booking and Referral Standard.
struct BaRSRoutes {
    let receiver: BaRSMessage.Receiver
    let intake: Intake
    let outcomes: IntakeOutcomes
    let catalogue: AdapterCatalogue
    let metrics: Metrics

    func addMetadata(to router: Router<ExchangeContext>) {
        router.get("/fhir/R4/metadata") { _, _ in
            Response.json(Self.capabilities, mediaType: "application/fhir+json")
        }
    }

    func add(to routes: GuardedRoutes) {
        routes.post("/fhir/R4/$process-message", for: .submitReferral, use: process)
    }

    @Sendable
    private func process(_ request: Request, _ context: ExchangeContext) async throws -> Response {
        let deadline = ContinuousClock.now + IntakeOutcomes.patience
        let sender = try context.caller()
        let requestID = try Self.id(.requestID, of: request)
        _ = try Self.id(.correlationID, of: request)
        guard MediaType.format(request.headers[.contentType]) == .fhir else {
            throw Problem(Finding(.mediaType, at: "", "application/fhir+json or application/fhir+xml is taken"))
        }
        let bytes: [UInt8]
        do {
            bytes = try await request.bytes(limit: ReferralRoutes.bodyLimit)
        } catch let problem as Problem where problem.status == .contentTooLarge {
            metrics.count(.refusedRequests, problem.code)
            await intake.noteRefusal(by: sender, code: .tooLarge)
            throw problem
        }
        let (answer, message) = try await LargeDocuments.answering.reading(bytes.count) {
            var arrival = Arrival(sender: sender, channel: .https, format: .fhir, bytes: bytes)
            arrival.requestID = requestID
            var message: BaRSMessage?
            do {
                message = try BaRSMessage(bytes)
                arrival.refusal = message.flatMap { fault(of: $0, from: sender) }
            } catch let error as DocumentError {
                arrival.refusal = error.finding
            }
            return (try await intake.receive(arrival), message)
        }
        switch answer {
        case .duplicate:
            throw Problem(
                status: .conflict, code: "duplicate", title: "The message of this X-Request-Id was received before")
        case .conflict: throw Problem(Finding(.conflict, at: "X-Request-Id", "Came with another message before"))
        case .quarantined(let receipt, let finding):
            throw Self.problem([finding], receipt: receipt.id.description)
        case .received(let receipt):
            guard let message else { throw Problem(Finding(.internal, at: "", "The message was not read")) }
            guard let worked = await outcomes.outcome(of: receipt.id, by: deadline) else {
                throw Problem(
                    status: .requestTimeout, code: "timeout",
                    title: "The message is stored and not worked on yet (receipt \(receipt.id))")
            }
            guard worked.state != .rejected else {
                throw Self.problem(worked.findings, receipt: receipt.id.description)
            }
            let reply = message.reply(
                from: receiver, receipt: receipt.id.description, time: Timestamp.now().rfc3339,
                findings: worked.findings, id: { UUIDValue.random().description })
            var response = Response.json(reply, mediaType: "application/fhir+json")
            OperationOutcome.mirrorIDs(of: request, in: &response)
            return response
        }
    }

    /// Why a message that can be read is not taken in.
    private func fault(of message: BaRSMessage, from sender: Principal) -> Finding? {
        let ways = sender.adapter.flatMap { catalogue[$0] }?.inbound.filter { $0.format == .fhir } ?? []
        return message.fault(for: receiver) { event in ways.contains { $0.takes(event) } }
    }

    private static func id(_ name: HTTPField.Name, of request: Request) throws -> String {
        guard let text = request.headers[name], !text.isEmpty else {
            throw Problem(status: .badRequest, code: "required", title: "The header \(name.rawName) is required")
        }
        guard let id = UUIDValue(text) else {
            throw Problem(status: .badRequest, code: "invalid", title: "The header \(name.rawName) must be a UUID")
        }
        return id.description
    }

    /// The problem for findings about a message. A kind that is not known is a bad request by the standard.
    private static func problem(_ findings: [Finding], receipt: String) -> Problem {
        let first = findings.first ?? Finding(.internal, at: "", "The message was refused")
        var problem = Problem(first, receipt: receipt)
        if first.code == .unknownCode { problem.status = .badRequest }
        problem.findings = findings.isEmpty ? [first] : findings
        return problem
    }

    /// What this server does, for whoever asks before it sends.
    private static let capabilities: Value = [
        "resourceType": "CapabilityStatement", "status": "active", "date": "2026-11-28", "kind": "instance",
        "software": ["name": "Referral hub"],
        "implementation": ["description": "Receiver of the Booking and Referral Standard"],
        "fhirVersion": "4.0.1", "format": ["json", "xml"],
        "rest": [
            [
                "mode": "server",
                "security": ["description": "An API key of the partner: Authorization: Bearer KEY"],
                "operation": [
                    [
                        "name": "process-message",
                        "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
                    ]
                ],
            ]
        ],
        "messaging": [
            [
                "supportedMessage": [
                    [
                        "mode": "receiver",
                        "definition":
                            "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral",
                    ],
                    [
                        "mode": "receiver",
                        "definition":
                            "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-cancelled",
                    ],
                ]
            ]
        ],
    ]
}
