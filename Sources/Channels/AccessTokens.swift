import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Access tokens of one OAuth 2.0 client (RFC 6749, section 4.4), each kept until shortly before its end.
///
/// However many deliveries need one at once, one is fetched.
actor AccessTokens {
    /// No token could be had, so that nothing was sent to the partner.
    struct Failure: Error, Hashable {
        /// `token_` and what happened, such as `token_http_401` or `token_connection_refused`.
        var code: String
        var text: String
        var after: Duration?
    }

    /// A token of which the server does not say how long it is good for is kept for a minute.
    private static let defaultLifetime: Int64 = 60
    /// Longest token that is taken, in bytes.
    private static let longest = 16 << 10

    private struct Token {
        var value: String
        /// Seconds since 1970.
        var until: Int64
    }

    private let endpoint: HTTPEndpoint
    private let url: String
    private let scope: String?
    private let assertion: ClientAssertion
    private let now: @Sendable () -> Int64
    private var token: Token?
    /// The fetch under way, which everybody waits for.
    private var fetching: Task<Result<Token, Failure>, Never>?

    /// - Parameter endpoint: the authorization server, made for the token URL.
    init(
        _ client: OAuthClient, endpoint: HTTPEndpoint, now: @escaping @Sendable () -> Int64
    ) throws(ChannelConfigurationError) {
        self.endpoint = endpoint
        self.now = now
        url = client.tokenURL
        scope = client.scope
        assertion = try ClientAssertion(client)
    }

    /// A token, and whether it was kept from before.
    /// - Parameter refused: one that the partner did not take: another is fetched, unless somebody did that meanwhile.
    func current(not refused: String? = nil) async throws(Failure) -> (value: String, isKept: Bool) {
        if let token, token.until > now(), token.value != refused { return (token.value, true) }
        // Not a child of whoever asks first: the others wait for it too, and it is bounded by the endpoint's time-outs.
        let waiting = fetching ?? Task { await fetch() }
        fetching = waiting
        let result = await waiting.value
        if fetching == waiting {
            fetching = nil
            token = try? result.get()
        }
        return (try result.get().value, false)
    }

    func shutdown() async { await endpoint.shutdown() }

    /// The members of an answer that are understood (RFC 6749, section 5.1).
    private struct AnswerBody: Decodable {
        var access_token: String
        var token_type: String
        var expires_in: Int64?

        private enum CodingKeys: String, CodingKey { case access_token, token_type, expires_in }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            access_token = try container.decode(String.self, forKey: .access_token)
            token_type = try container.decode(String.self, forKey: .token_type)
            // The NHS writes the number as a text.
            expires_in =
                (try? container.decode(Int64.self, forKey: .expires_in))
                ?? (try? container.decode(String.self, forKey: .expires_in)).flatMap { Int64($0) }
        }
    }

    private func fetch() async -> Result<Token, Failure> {
        let asked = now()
        guard let assertion = try? await assertion.token(now: asked) else {
            return .failure(Failure(code: "token_not_signed", text: "the request for a token could not be signed"))
        }
        var form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ]
        if let scope { form.append(("scope", scope)) }
        let body = form.map { "\($0)=\(Self.escaped($1))" }.joined(separator: "&")
        let answer: HTTPEndpoint.Answer
        do {
            answer = try await endpoint.exchange(
                .POST, url,
                headers: ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"],
                body: Array(body.utf8), maximumAnswer: 64 << 10)
        } catch {
            return .failure(Failure(code: "token_\(error.code)", text: "fetching an access token, \(error.text)"))
        }
        guard answer.status == 200 else {
            return .failure(
                Failure(
                    code: "token_http_\(answer.status)",
                    text: "the authorization server answered with HTTP status \(answer.status)",
                    after: RetryAfter.duration(answer.headers)))
        }
        guard let bytes = answer.body?.readableBytesView,
            let body = try? JSONDecoder().decode(AnswerBody.self, from: Data(bytes)),
            body.token_type.lowercased() == "bearer", (1...Self.longest).contains(body.access_token.utf8.count),
            // It goes into a header (RFC 6750, section 2.1).
            body.access_token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            return .failure(
                Failure(code: "token_unreadable", text: "the authorization server's answer holds no bearer token"))
        }
        let lifetime = min(max(body.expires_in ?? Self.defaultLifetime, 0), 86400)
        // A tenth sooner, and at most half a minute, so that it does not end on its way.
        return .success(Token(value: body.access_token, until: asked + lifetime - min(30, lifetime / 10)))
    }

    /// `application/x-www-form-urlencoded`.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + Hexadecimal.text([byte]).uppercased()
            }
        }.joined()
    }
}
