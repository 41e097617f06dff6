import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Delivers by `POST` over HTTPS, one request per delivery, with the delivery's id as `Idempotency-Key`
/// (partner interfaces, section 4.2; the header is that of draft-ietf-httpapi-idempotency-key-header).
///
/// One channel serves one address. Connections are kept and shared by concurrent deliveries.
///
/// Where the partner asks for it, an access token goes with each delivery (``OAuthClient``), or a signature
/// (``WebhookSignature``). An answer of the class 2xx is taken at its word, unless its body has the `status` of our own
/// acknowledgements that says otherwise: `duplicate`, `rejected` or `quarantined`.
package final class HTTPSChannel: OutboundChannel {
    /// What a partner's address and its limits are.
    package struct Configuration: Sendable {
        /// `https://host:port/path`, without credentials.
        package var url: String
        package var tls: TLSFiles
        /// Further headers of every request, such as `Authorization`. Their values are secrets: never logged.
        package var headers: [(name: String, value: String)]
        package var connectTimeout: Duration
        /// From the first byte sent to the last byte of the answer. A longer one holds a queue's place for longer.
        package var requestTimeout: Duration
        /// Connections kept open at most. As many as deliveries go at once: one more waits for one no longer than
        /// ``connectTimeout``. Defaults to 8.
        package var connections: Int
        /// Take `http` for an address on this machine. For tests and demonstrations; everything else stays https.
        package var insecureLoopbackAllowed: Bool
        /// Whether the host may be on a private network, such as the council's own or HSCN. Defaults to not.
        package var privateNetworkAllowed = false
        /// Left alone: no access token is fetched.
        package var oauth: OAuthClient?
        /// Left alone: deliveries are not signed.
        package var signature: WebhookSignature?
        /// How names are resolved, for tests.
        var resolver = HostAddresses.systemResolver
        /// Seconds since 1970, for tests.
        var now: @Sendable () -> Int64 = WallClock.now

        package init(
            url: String, tls: TLSFiles = TLSFiles(), headers: [(name: String, value: String)] = [],
            connectTimeout: Duration = .seconds(5), requestTimeout: Duration = .seconds(30), connections: Int = 8,
            insecureLoopbackAllowed: Bool = false
        ) {
            self.url = url
            self.tls = tls
            self.headers = headers
            self.connectTimeout = connectTimeout
            self.requestTimeout = requestTimeout
            self.connections = connections
            self.insecureLoopbackAllowed = insecureLoopbackAllowed
        }
    }

    private let url: String
    private let headers: HTTPHeaders
    private let endpoint: HTTPEndpoint
    private let tokens: AccessTokens?
    private let signature: WebhookSignature?
    private let now: @Sendable () -> Int64

    /// Reads certificates and checks the address; does not connect.
    package init(configuration: Configuration) throws(ChannelConfigurationError) {
        url = configuration.url
        headers = HTTPHeaders(configuration.headers.map { ($0.name, $0.value) })
        signature = configuration.signature
        now = configuration.now
        endpoint = try configuration.endpoint(configuration.url, configuration.tls, setting: "url")
        tokens = try configuration.accessTokens()
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let tokens else { return await attempt(delivery, token: nil) }
        do {
            let token = try await tokens.current()
            let outcome = await attempt(delivery, token: token.value)
            // One that was kept may have been revoked since. Who refuses for want of a token has taken nothing.
            guard case .rejected("http_401", _) = outcome, token.isKept else { return outcome }
            return await attempt(delivery, token: try await tokens.current(not: token.value).value)
        } catch {
            return .retryable(code: error.code, text: error.text, after: error.after)
        }
    }

    private func attempt(_ delivery: Delivery, token: String?) async -> DeliveryOutcome {
        var headers = headers
        headers.replaceOrAdd(name: "Content-Type", value: delivery.mediaType)
        headers.replaceOrAdd(name: "Idempotency-Key", value: delivery.id)
        headers.replaceOrAdd(name: "Accept", value: "application/json, application/problem+json")
        if let token { headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
        if let signature {
            for (name, value) in signature.headers(id: delivery.id, timestamp: now(), body: delivery.bytes) {
                headers.replaceOrAdd(name: name, value: value)
            }
        }
        do {
            let answer = try await endpoint.exchange(.POST, url, headers: headers, body: delivery.bytes)
            return Self.outcome(of: answer, to: delivery.id)
        } catch {
            return error.mayHaveArrived
                ? .unknown(code: error.code, text: error.text)
                : .retryable(code: error.code, text: error.text, after: nil)
        }
    }

    /// Asks for the address by `HEAD`, which changes nothing: whatever answers has taken our certificate. Many receivers
    /// take `POST` there alone and answer 404 or 405: what they make of a document is seen with the first.
    package func probe() async -> [ProbeStep] {
        await Self.probe(tokens, headers) { await Self.probe(endpoint, url, headers: $0) }
    }

    /// Asks for a token where one is needed, and then something of the receiver, with it.
    static func probe(
        _ tokens: AccessTokens?, _ headers: HTTPHeaders, then ask: (HTTPHeaders) async -> ProbeStep
    ) async -> [ProbeStep] {
        guard let tokens else { return [await ask(headers)] }
        let what = "access token"
        var headers = headers
        do {
            headers.replaceOrAdd(name: "Authorization", value: "Bearer \(try await tokens.current().value)")
        } catch {
            return [.failed(what, code: error.code, error.text)]
        }
        return [.passed(what, "the authorization server gives one"), await ask(headers)]
    }

    /// Asks for an address by `HEAD`.
    static func probe(_ endpoint: HTTPEndpoint, _ url: String, headers: HTTPHeaders) async -> ProbeStep {
        let what = "connection, TLS and an answer"
        do {
            let answer = try await endpoint.exchange(.HEAD, url, headers: headers)
            return switch answer.status {
            case 401, 403: .failed(what, code: "http_\(answer.status)", "the receiver does not let us in")
            case 300..<400:
                .failed(what, code: "redirected", "the address leads elsewhere; redirects are not followed")
            default: .passed(what, "the receiver answered with HTTP status \(answer.status)")
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

extension HTTPSChannel.Configuration {
    /// The tokens that the partner asks for; nil when it asks for none.
    func accessTokens() throws(ChannelConfigurationError) -> AccessTokens? {
        guard let oauth else { return nil }
        return try AccessTokens(
            oauth, endpoint: endpoint(oauth.tokenURL, oauth.tls, setting: "oauth.token_url"), now: now)
    }

    /// A server that is spoken to under these limits.
    func endpoint(
        _ url: String, _ tls: TLSFiles, setting: String
    ) throws(ChannelConfigurationError) -> HTTPEndpoint {
        do {
            return try HTTPEndpoint(
                .init(
                    url: url, tls: tls, connectTimeout: connectTimeout, requestTimeout: requestTimeout,
                    connections: connections, insecureLoopbackAllowed: insecureLoopbackAllowed,
                    decompressionLimit: nil, privateNetworkAllowed: privateNetworkAllowed, resolver: resolver, now: now)
            )
        } catch {
            throw ChannelConfigurationError(
                setting: error.setting == "url" ? setting : error.setting, problem: error.problem)
        }
    }
}

extension HTTPSChannel {
    /// The members of an answer that the channel understands. Everything else in it is left unread.
    private struct AnswerBody: Decodable {
        var reference: String?
        var status: String?
        /// The problem's type (RFC 9457, 3.1.1).
        var type: String?
    }

    /// What an answer means for the delivery.
    static func outcome(of answer: HTTPEndpoint.Answer, to deliveryID: String) -> DeliveryOutcome {
        let body = answer.body.flatMap { try? JSONDecoder().decode(AnswerBody.self, from: Data($0.readableBytesView)) }
        let reference = [answer.headers.first(name: "Location"), body?.reference].compactMap { $0 }.first(
            where: isReference)
        let code = "http_\(answer.status)"
        let text = "the receiver answered with HTTP status \(answer.status)"
        let wish = RetryAfter.duration(answer.headers)
        switch answer.status {
        case 200..<300 where body?.status == "duplicate": return .duplicate(reference: reference)
        // What the receiver's gateway took in, its application did not.
        case 200..<300 where body?.status == "rejected":
            return .rejected(code: "body_rejected", text: "\(text), and that it refused the document")
        case 200..<300 where body?.status == "quarantined":
            return .rejected(code: "body_quarantined", text: "\(text), and that it holds the document unread")
        case 200..<300: return .delivered(reference: reference ?? deliveryID)
        case 300..<400:
            return .rejected(
                code: "redirected", text: "\(text); redirects are not followed: correct the configured address")
        case 409 where isDuplicate(body?.type): return .duplicate(reference: reference)
        case 425, 429: return .retryable(code: code, text: text, after: wish)
        // Whoever says when to come again has refused the request. Everything else of this class may come from a server
        // that broke after it had taken the bytes, or from a gateway that does not know; and 408 may follow bytes that
        // arrived whole but late (RFC 9110, sections 15.5.9 and 15.6).
        case 503 where wish != nil: return .retryable(code: code, text: text, after: wish)
        case 408, 500...: return .unknown(code: code, text: text)
        default: return .rejected(code: code, text: text)
        }
    }

    /// A receiver's reference goes into the ledger, so it must be short and harmless.
    static func isReference(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// `duplicate`, `urn:example:duplicate`, `https://partner.example/problems/duplicate`.
    private static func isDuplicate(_ type: String?) -> Bool {
        type?.split(whereSeparator: { "/:#".contains($0) }).last == "duplicate"
    }
}
