import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Synchronization
import Testing

@testable import Channels

/// The channel over HTTPS against servers that misbehave.
@Suite(.timeLimit(.minutes(1))) struct HTTPEndpointTests {
    /// Runs `body` against a server on this machine. It speaks TLS up to `version`, or plain HTTP.
    private func withServer(
        _ router: Router<BasicRequestContext>, version: TLSVersion? = nil, ciphers: String = defaultCipherSuites,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        var server = HTTPServerBuilder.http1()
        if let version {
            let certificates = TestCertificates.folder
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile("\(certificates)/server.pem").map {
                    .certificate($0)
                },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: "\(certificates)/server.key", format: .pem)))
            tls.maximumTLSVersion = version
            tls.cipherSuites = ciphers
            server = try .tls(.http1(), tlsConfiguration: tls)
        }
        let (ports, ready) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, server: server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ready.yield($0.localAddress?.port ?? 0) }, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.runService(gracefulShutdownSignals: []) }
            group.addTask {
                for await port in ports {
                    try await body(port)
                    break
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func deliver(
        _ url: String, tls: TLSFiles = TLSFiles(), timeout: Duration = .seconds(60)
    ) async throws -> DeliveryOutcome {
        let channel = try HTTPSChannel(
            configuration: .init(
                url: url, tls: tls, connectTimeout: .seconds(60), requestTimeout: timeout, insecureLoopbackAllowed: true
            ))
        let outcome = await channel.deliver(
            Delivery(id: "share-1", recipient: "somebody", bytes: [123, 125], mediaType: "application/json"))
        await channel.shutdown()
        return outcome
    }

    @Test func `TLS 1.2 is spoken only where the configuration says so`() async throws {
        let router = Router()
        router.post("/") { _, _ in HTTPResponse.Status.noContent }
        try await withServer(router, version: .tlsv12) { port in
            let url = "https://localhost:\(port)/"
            guard case .retryable("tls_failed", _, _) = try await deliver(url, tls: TestCertificates.client()) else {
                Issue.record("TLS 1.2 was spoken")
                return
            }
            #expect(try await deliver(url, tls: TestCertificates.client(.tls12)) == .delivered(reference: "share-1"))
        }
    }

    @Test(arguments: [
        ("ECDHE-ECDSA-AES128-SHA", false), ("ECDHE-ECDSA-AES256-SHA", false), ("ECDHE-ECDSA-AES128-GCM-SHA256", true),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", true),
    ])
    func `of TLS 1.2 only authenticated encryption is spoken`(cipher: String, isSpoken: Bool) async throws {
        let router = Router()
        router.post("/") { _, _ in HTTPResponse.Status.noContent }
        try await withServer(router, version: .tlsv12, ciphers: cipher) { port in
            let outcome = try await deliver("https://localhost:\(port)/", tls: TestCertificates.client(.tls12))
            if isSpoken {
                #expect(outcome == .delivered(reference: "share-1"))
            } else if case .retryable("tls_failed", _, _) = outcome {
            } else {
                Issue.record("\(cipher) was spoken")
            }
        }
    }

    @Test func `a certificate for another name is not trusted`() async throws {
        let router = Router()
        router.post("/") { _, _ in HTTPResponse.Status.noContent }
        try await withServer(router, version: .tlsv13) { port in
            // 127.0.0.2 is this machine too, and not in the certificate.
            let outcome = try await deliver("https://127.0.0.2:\(port)/", tls: TestCertificates.client())
            guard case .retryable = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test func `a redirect is not followed`() async throws {
        let reached = Mutex(false)
        let router = Router()
        router.post("/") { _, _ in Response(status: .temporaryRedirect, headers: [.location: "/elsewhere"]) }
        router.post("/elsewhere") { _, _ in
            reached.withLock { $0 = true }
            return HTTPResponse.Status.ok
        }
        try await withServer(router) { port in
            guard case .rejected("redirected", _) = try await deliver("http://127.0.0.1:\(port)/") else {
                Issue.record("not rejected")
                return
            }
            #expect(!reached.withLock { $0 })
        }
    }

    @Test func `an answer that does not come in time leaves the outcome unknown`() async throws {
        let router = Router()
        router.post("/") { _, _ in
            // Cancelled with the server, so the test does not wait for it.
            try? await Task.sleep(for: .seconds(20))
            return HTTPResponse.Status.ok
        }
        try await withServer(router) { port in
            // Half of it is for the connection, on a machine that may do much else.
            let outcome = try await deliver("http://127.0.0.1:\(port)/", timeout: .seconds(6))
            guard case .unknown("answer_timeout", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test func `a connection that is not made before the time is over is known to have carried nothing`() async throws {
        let (descriptor, port) = try FreePort.listening()
        defer { close(descriptor) }
        let outcome = try await deliver(
            "https://127.0.0.1:\(port)/", tls: TestCertificates.client(), timeout: .seconds(2))
        guard case .retryable("connect_timeout", _, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test func `an answer that is far too long is not read, and the delivery stands`() async throws {
        let router = Router()
        router.post("/") { _, _ in
            Response(status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: 32, count: 3 << 20)))
        }
        try await withServer(router) { port in
            let outcome = try await deliver("http://127.0.0.1:\(port)/")
            #expect(outcome == .delivered(reference: "share-1"))
        }
    }

    @Test func `an answer that never ends holds nothing up, and the delivery stands`() async throws {
        let router = Router()
        router.post("/") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    // A byte now and then, for ever: until the other side has gone.
                    while !Task.isCancelled {
                        try await writer.write(ByteBuffer(string: " "))
                        try await Task.sleep(for: .milliseconds(50))
                    }
                })
        }
        try await withServer(router) { port in
            let began = ContinuousClock.now
            // Time enough for the head, beside a hundred other tests on two cores.
            let outcome = try await deliver("http://127.0.0.1:\(port)/", timeout: .seconds(4))
            #expect(outcome == .delivered(reference: "share-1"))
            #expect(ContinuousClock.now - began < .seconds(20))
        }
    }
}
