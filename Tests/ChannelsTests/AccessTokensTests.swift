import Crypto
import Foundation
import Hummingbird
import Logging
import Synchronization
import Testing

@testable import Channels

/// Access tokens against a server that gives them, and a partner that wants them. That the proof is signed well is tested
/// against another's implementation (Tests/Peers).
@Suite(.timeLimit(.minutes(1))) struct AccessTokensTests {
    /// What the server does and has seen.
    private final class Server: Sendable {
        struct State {
            var status = 200
            var body: String?
            var lifetime = "300"
            /// Tokens that the partner takes; nil: any that was given.
            var accepted: Set<String>?
            var forms: [String] = []
            var authorizations: [String] = []
            var given = 0
        }

        let state = Mutex(State())

        var router: Router<BasicRequestContext> {
            let router = Router()
            router.post("/token") { [self] request, _ in
                let form = String(buffer: try await request.body.collect(upTo: 1 << 16))
                return state.withLock { state in
                    state.forms.append(form)
                    state.given += 1
                    let body =
                        state.body
                        ?? #"{"access_token":"token-\#(state.given)","token_type":"Bearer","expires_in":\#(state.lifetime)}"#
                    return Response(
                        status: .init(code: state.status), headers: [.contentType: "application/json"],
                        body: .init(byteBuffer: ByteBuffer(string: body)))
                }
            }
            router.post("/shares") { [self] request, _ in
                state.withLock { state in
                    let value = request.headers[.authorization] ?? ""
                    state.authorizations.append(value)
                    let isTaken = state.accepted.map { $0.contains(value) } ?? value.hasPrefix("Bearer token-")
                    return isTaken ? HTTPResponse.Status.noContent : .unauthorized
                }
            }
            return router
        }
    }

    private static let key = P256.Signing.PrivateKey().pemRepresentation

    private func run(
        now: @escaping @Sendable () -> Int64 = WallClock.now,
        _ body: @escaping @Sendable (Server, HTTPSChannel, Int) async throws -> Void
    ) async throws {
        let server = Server()
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: server.router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ready.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.runService(gracefulShutdownSignals: []) }
            group.addTask {
                for await port in ports {
                    var configuration = HTTPSChannel.Configuration(
                        url: "http://127.0.0.1:\(port)/shares", connectTimeout: .seconds(30),
                        insecureLoopbackAllowed: true)
                    configuration.oauth = OAuthClient(
                        tokenURL: "http://127.0.0.1:\(port)/token", clientID: "hub & co", privateKey: Self.key,
                        keyID: "key-1", algorithm: .es256, scope: "shares:write")
                    configuration.now = now
                    let channel = try HTTPSChannel(configuration: configuration)
                    do { try await body(server, channel, port) } catch { Issue.record(error) }
                    await channel.shutdown()
                    break
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func deliver(_ channel: HTTPSChannel) async -> DeliveryOutcome {
        await channel.deliver(
            Delivery(id: "share-1", recipient: "somebody", bytes: [123, 125], mediaType: "application/json"))
    }

    @Test func `deliveries at once share one token, which is kept`() async throws {
        try await run { server, channel, _ in
            await withTaskGroup(of: DeliveryOutcome.self) { group in
                for _ in 0..<16 { group.addTask { await deliver(channel) } }
                for await outcome in group { #expect(outcome == .delivered(reference: "share-1")) }
            }
            #expect(await deliver(channel) == .delivered(reference: "share-1"))
            #expect(server.state.withLock { Set($0.authorizations) } == ["Bearer token-1"])
            #expect(server.state.withLock { $0.given } == 1)
        }
    }

    @Test func `the proof says who asks, whom, and for how long`() async throws {
        try await run(now: { 1_800_000_000 }) { server, channel, port in
            #expect(await deliver(channel) == .delivered(reference: "share-1"))
            let form = server.state.withLock { $0.forms.first ?? "" }
            let fields = Dictionary(
                uniqueKeysWithValues: form.split(separator: "&").map { pair in
                    let parts = pair.split(separator: "=", maxSplits: 1).map {
                        String($0).removingPercentEncoding ?? ""
                    }
                    return (parts[0], parts[1])
                })
            #expect(fields["grant_type"] == "client_credentials" && fields["scope"] == "shares:write")
            #expect(
                fields["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            let parts = (fields["client_assertion"] ?? "").split(separator: ".").compactMap { part -> [String: Any]? in
                let text = part.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
                let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
                return Data(base64Encoded: padded).flatMap {
                    try? JSONSerialization.jsonObject(with: $0) as? [String: Any]
                }
            }
            try #require(parts.count == 2)
            #expect(parts[0]["alg"] as? String == "ES256" && parts[0]["kid"] as? String == "key-1")
            #expect(parts[1]["iss"] as? String == "hub & co" && parts[1]["sub"] as? String == "hub & co")
            #expect(parts[1]["aud"] as? String == "http://127.0.0.1:\(port)/token")
            #expect(parts[1]["exp"] as? Int == 1_800_000_240)
            let id = try #require(parts[1]["jti"] as? String)
            #expect(UUID(uuidString: id) != nil)
        }
    }

    @Test(arguments: ["100", "\"100\""]) func `a token is renewed shortly before its end`(lifetime: String) async throws
    {
        let clock = Mutex(Int64(1_000))
        try await run(now: { clock.withLock { $0 } }) { server, channel, _ in
            server.state.withLock { $0.lifetime = lifetime }
            _ = await deliver(channel)
            clock.withLock { $0 = 1_089 }
            _ = await deliver(channel)
            #expect(server.state.withLock { $0.given } == 1)
            clock.withLock { $0 = 1_090 }
            _ = await deliver(channel)
            #expect(server.state.withLock { $0.authorizations.last } == "Bearer token-2")
        }
    }

    @Test func `a kept token that the partner refuses is replaced once, for all`() async throws {
        try await run { server, channel, _ in
            #expect(await deliver(channel) == .delivered(reference: "share-1"))
            server.state.withLock { $0.accepted = ["Bearer token-2"] }
            await withTaskGroup(of: DeliveryOutcome.self) { group in
                for _ in 0..<8 { group.addTask { await deliver(channel) } }
                for await outcome in group { #expect(outcome == .delivered(reference: "share-1")) }
            }
            #expect(server.state.withLock { $0.given } == 2)
        }
    }

    @Test func `a partner that refuses a new token is not asked again and again`() async throws {
        try await run { server, channel, _ in
            server.state.withLock { $0.accepted = [] }
            guard case .rejected("http_401", _) = await deliver(channel) else {
                Issue.record("not rejected")
                return
            }
            #expect(server.state.withLock { $0.given } == 1 && server.state.withLock { $0.authorizations.count } == 1)
        }
    }

    @Test(
        arguments: [
            (400, nil, "token_http_400"), (401, nil, "token_http_401"), (503, nil, "token_http_503"),
            (302, nil, "token_http_302"),
            (200, "{}", "token_unreadable"), (200, "TESTER", "token_unreadable"),
            (200, #"{"access_token":"a b","token_type":"Bearer"}"#, "token_unreadable"),
            (200, #"{"access_token":"a\r\nX: y","token_type":"Bearer"}"#, "token_unreadable"),
            (200, #"{"access_token":"","token_type":"Bearer"}"#, "token_unreadable"),
            (200, #"{"access_token":"a","token_type":"mac"}"#, "token_unreadable"),
        ] as [(Int, String?, String)])
    func `without a token nothing is sent`(status: Int, body: String?, code: String) async throws {
        try await run { server, channel, _ in
            server.state.withLock { state in
                state.status = status
                state.body = body
            }
            guard case .retryable(code, let text, nil) = await deliver(channel) else {
                Issue.record("not retryable \(code)")
                return
            }
            #expect(!text.contains("TESTER"))
            #expect(server.state.withLock { $0.authorizations.isEmpty })
            // The next delivery asks anew.
            server.state.withLock { state in
                state.status = 200
                state.body = nil
            }
            #expect(await deliver(channel) == .delivered(reference: "share-1"))
        }
    }

    @Test func `a token server that is not there is told apart from the partner`() async throws {
        let nobody = try FreePort.find()
        var configuration = HTTPSChannel.Configuration(url: "http://127.0.0.1:1/", insecureLoopbackAllowed: true)
        configuration.oauth = OAuthClient(
            tokenURL: "http://127.0.0.1:\(nobody)/token", clientID: "hub", privateKey: Self.key, keyID: "key-1",
            algorithm: .es256)
        let channel = try HTTPSChannel(configuration: configuration)
        guard case .retryable("token_connection_refused", _, nil) = await deliver(channel) else {
            Issue.record("not told apart")
            return
        }
        await channel.shutdown()
    }

    @Test(arguments: [OAuthClient.Algorithm.rs512, .ps256, .es256])
    func `a key that does not fit is found at start and not repeated`(algorithm: OAuthClient.Algorithm) {
        let pem = algorithm == .es256 ? "-----BEGIN SECRET" : Self.key
        var configuration = HTTPSChannel.Configuration(url: "https://partner.example.org/")
        configuration.oauth = OAuthClient(
            tokenURL: "https://partner.example.org/token", clientID: "hub", privateKey: pem, keyID: "key-1",
            algorithm: algorithm)
        let error = #expect(throws: ChannelConfigurationError.self) {
            try HTTPSChannel(configuration: configuration)
        }
        #expect(error?.setting == "oauth.key" && error?.problem.contains("BEGIN") == false)
    }

    @Test func `a token URL in clear is found at start`() {
        var configuration = HTTPSChannel.Configuration(url: "https://partner.example.org/")
        configuration.oauth = OAuthClient(
            tokenURL: "http://partner.example.org/token", clientID: "hub", privateKey: Self.key, keyID: "key-1",
            algorithm: .es256)
        let error = #expect(throws: ChannelConfigurationError.self) {
            try HTTPSChannel(configuration: configuration)
        }
        #expect(error?.setting == "oauth.token_url")
    }
}
