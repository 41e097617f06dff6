import FoundationEssentials
import NIOCore
import NIOHTTP1
import Referral
import Translation

/// Delivers messages of the Booking and Referral Standard by `POST …/$process-message`, each answered on the same call by a
/// message or an OperationOutcome (NHS England's BaRS 1.4,
/// https://simplifier.net/guide/nhsbookingandreferralstandard).
///
/// Every attempt for a share has the same body and the same two ids, by which the receiver knows a repeat.
package final class BaRSChannel: OutboundChannel {
    package struct Configuration: Sendable {
        /// Who we are, as the receiver is told with each message.
        package struct Organisation: Sendable {
            package var ods: String
            package var name: String

            package init(ods: String, name: String) {
                self.ods = ods
                self.name = name
            }
        }

        /// The server. Its address is that below which `$process-message` and `metadata` lie.
        package var https: HTTPSChannel.Configuration
        /// The receiver's id in the directory of services.
        package var service: String
        /// What the messages are for, by the code that both sides agreed on.
        package var useCase: String
        package var organisation: Organisation

        package init(https: HTTPSChannel.Configuration, service: String, useCase: String, organisation: Organisation) {
            self.https = https
            self.service = service
            self.useCase = useCase
            self.organisation = organisation
        }
    }

    private static let mediaType = "application/fhir+json"
    /// The release of the standard that is spoken.
    private static let version = "1.4.0"

    private let base: String
    private let headers: HTTPHeaders
    private let endpoint: HTTPEndpoint
    private let tokens: AccessTokens?

    /// Reads certificates and checks the address; does not connect.
    package init(configuration: Configuration) throws(ChannelConfigurationError) {
        let https = configuration.https
        base = https.url.hasSuffix("/") ? String(https.url.dropLast()) : https.url
        endpoint = try https.endpoint(https.url, https.tls, setting: "url")
        tokens = try https.accessTokens()
        var headers = HTTPHeaders(https.headers.map { ($0.name, $0.value) })
        for (name, value) in Self.headers(of: configuration) { headers.replaceOrAdd(name: name, value: value) }
        self.headers = headers
    }

    /// What every request says: who asks, by what, and whom.
    private static func headers(of configuration: Configuration) -> [(String, String)] {
        func encoded(_ value: Value) -> String { Data(StrictJSON.write(value)).base64EncodedString() }
        let organisation = configuration.organisation
        return [
            ("Accept", "\(mediaType); version=\(version)"),
            (
                "NHSD-Target-Identifier",
                encoded(["value": .string(configuration.service), "system": "https://fhir.nhs.uk/Id/dos-service-id"])
            ),
            (
                "NHSD-End-User-Organisation",
                encoded([
                    "resourceType": "Organization",
                    "identifier": [
                        [
                            "system": "https://fhir.nhs.uk/Id/ods-organization-code",
                            "value": .string(organisation.ods),
                        ]
                    ],
                    "name": .string(organisation.name),
                ])
            ),
            (
                "NHSD-Requesting-Software",
                encoded([
                    "resourceType": "Device",
                    "identifier": [["value": "referral-hub"]],
                    "deviceName": [["name": "referral-hub", "type": "model-name"]],
                ])
            ),
            ("use-context", "\(configuration.useCase)|referral|servicerequest-request|new"),
        ]
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let message = try? BaRSMessage(delivery.bytes),
            let request = NamedUUID("bars request", in: delivery.id),
            let correlation = NamedUUID("bars correlation", in: delivery.id)
        else {
            return .rejected(code: "not_bars", text: "the document is no message of the Booking and Referral Standard")
        }
        var headers = headers
        headers.replaceOrAdd(name: "Content-Type", value: "\(Self.mediaType); version=\(Self.version)")
        headers.replaceOrAdd(name: Self.requestID, value: request.text)
        headers.replaceOrAdd(name: Self.correlationID, value: correlation.text)
        do {
            guard let tokens else { return outcome(of: try await post(delivery, headers), to: message.id, headers) }
            let token = try await tokens.current()
            headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token.value)")
            let answer = try await post(delivery, headers)
            // One that was kept may have been revoked since. Who refuses for want of a token has taken nothing.
            guard answer.status == 401, token.isKept else { return outcome(of: answer, to: message.id, headers) }
            headers.replaceOrAdd(
                name: "Authorization", value: "Bearer \(try await tokens.current(not: token.value).value)")
            return outcome(of: try await post(delivery, headers), to: message.id, headers)
        } catch let error as AccessTokens.Failure {
            return .retryable(code: error.code, text: error.text, after: error.after)
        } catch let error as HTTPEndpoint.Failure where error.mayHaveArrived {
            return .unknown(code: error.code, text: error.text)
        } catch let error as HTTPEndpoint.Failure {
            return .retryable(code: error.code, text: error.text, after: nil)
        } catch {
            return .unknown(code: "connection_lost", text: "the connection broke before an answer came")
        }
    }

    private func post(_ delivery: Delivery, _ headers: HTTPHeaders) async throws -> HTTPEndpoint.Answer {
        try await endpoint.exchange(.POST, "\(base)/$process-message", headers: headers, body: delivery.bytes)
    }

    /// What an answer means for a message.
    ///
    /// An error that carries neither our ids nor an OperationOutcome comes from something between us and the receiver, so
    /// nothing is known ("Error handling"). What may have been taken is sent again with the same ids: the receiver must
    /// know it.
    private func outcome(
        of answer: HTTPEndpoint.Answer, to message: String, _ sent: HTTPHeaders
    ) -> DeliveryOutcome {
        let status = answer.status
        let text = "the receiver answered with HTTP status \(status)"
        let body = answer.body.map { Array($0.readableBytesView) } ?? []
        if (300..<400).contains(status) {
            return .rejected(
                code: "redirected", text: "\(text); redirects are not followed: correct the configured address")
        }
        let mirrored = [Self.requestID, Self.correlationID].map { name in
            answer.headers.first(name: name).map { $0.lowercased() == sent.first(name: name) }
        }
        guard !mirrored.contains(false) else { return .unknown(code: "answer_mismatch", text: Self.mismatch) }
        guard let told = try? BaRSOutcome(body), told.isError else {
            if (200..<300).contains(status) { return self.outcome(ofReply: body, to: message) }
            let isForeign = !mirrored.contains(true)
            switch status {
            case 429: return .retryable(code: "http_429", text: text, after: RetryAfter.duration(answer.headers))
            case 503 where !isForeign:
                return .retryable(code: "http_503", text: text, after: RetryAfter.duration(answer.headers))
            case 408, 500...: return .unknown(code: "http_\(status)", text: text)
            default:
                return isForeign
                    ? .unknown(code: "http_\(status)", text: "\(text), which no receiver of the standard would")
                    : .rejected(code: "http_\(status)", text: text)
            }
        }
        let code = told.code ?? "http_\(status)"
        switch status {
        case 409 where told.isDuplicate: return .duplicate(reference: nil)
        case 429, 503: return .retryable(code: code, text: text, after: RetryAfter.duration(answer.headers))
        // A proxy's 500 may stand for a 408, and either may follow what was taken.
        case 408, 500...: return .unknown(code: code, text: text)
        default: return .rejected(code: code, text: "\(text) and an OperationOutcome: it will not take the message")
        }
    }

    /// What a reply means for a message, by its own words.
    private func outcome(ofReply bytes: [UInt8], to message: String) -> DeliveryOutcome {
        guard let reply = try? BaRSMessage(bytes), let answered = reply.repliesTo, let verdict = reply.verdict else {
            return .unknown(code: "answer_unreadable", text: "the receiver answered with no reply of the standard")
        }
        guard reply.event == "servicerequest-response", answered == message else {
            return .unknown(code: "answer_mismatch", text: Self.mismatch)
        }
        switch verdict {
        case "ok":
            // The receiver's id of the request, by which it can be asked about.
            let reference = [reply.focusID, reply.id].compactMap { $0 }.first(where: HTTPSChannel.isReference)
            return .delivered(reference: reference ?? message)
        case "transient-error":
            return .retryable(code: "reply_transient_error", text: "the receiver could not take it now", after: nil)
        case "fatal-error":
            return .rejected(code: "reply_fatal_error", text: "the receiver's reply says that it will not take it")
        default:
            return .unknown(code: "answer_unreadable", text: "the receiver's reply says nothing that the standard has")
        }
    }

    private static let requestID = "X-Request-Id"
    private static let correlationID = "X-Correlation-Id"
    private static let mismatch = "the receiver answered about another message"

    /// Asks the receiver what it can do (`GET …/metadata`), which says nothing of anybody.
    package func probe() async -> [ProbeStep] {
        var headers = headers
        for name in [Self.requestID, Self.correlationID] {
            headers.replaceOrAdd(name: name, value: UUID().uuidString.lowercased())
        }
        return await HTTPSChannel.probe(tokens, headers) { await capabilities($0) }
    }

    private func capabilities(_ headers: HTTPHeaders) async -> ProbeStep {
        let what = "connection, TLS and a capability statement"
        do {
            let answer = try await endpoint.exchange(.GET, "\(base)/metadata", headers: headers)
            let body = answer.body.map { Array($0.readableBytesView) } ?? []
            switch answer.status {
            case 200 where (try? StrictJSON.parse(body))?["resourceType"] == "CapabilityStatement":
                return .passed(what, "the receiver says what it can do")
            case 401, 403: return .failed(what, code: "http_\(answer.status)", "the receiver does not let us in")
            case 300..<400:
                return .failed(what, code: "redirected", "the address leads elsewhere; redirects are not followed")
            default:
                return .failed(
                    what, code: "http_\(answer.status)",
                    "metadata gives HTTP status \(answer.status) and no capability statement in JSON")
            }
        } catch {
            return .failed(what, code: error.code, error.text)
        }
    }

    package func shutdown() async {
        await endpoint.shutdown()
        await tokens?.shutdown()
    }
}
