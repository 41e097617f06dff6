import NIOCore
import NIOSSL
import Synchronization
import Testing

@testable import Channels

/// The way out over HTTPS against servers that lie, drip, flood, fall silent or are somebody else.
@Suite(.timeLimit(.minutes(1))) struct HTTPSPartnersTests {
    private func deliver(
        _ url: String, _ change: (inout HTTPSChannel.Configuration) -> Void = { _ in }
    ) async throws -> DeliveryOutcome {
        var configuration = HTTPSChannel.Configuration(
            url: url, tls: TestCertificates.client(), connectTimeout: .seconds(30), requestTimeout: .seconds(30),
            insecureLoopbackAllowed: true)
        change(&configuration)
        let channel = try HTTPSChannel(configuration: configuration)
        let outcome = await channel.deliver(
            Delivery(id: "share-1", recipient: "somebody", bytes: Array("TESTER".utf8), mediaType: "text/plain"))
        await channel.shutdown()
        return outcome
    }

    /// A server that answers the first bytes of a request with `start`, and then with `bytes` until the other side goes.
    private func withFlood(
        start: String, _ bytes: [UInt8], every pause: Duration = .zero,
        _ body: @escaping @Sendable (Int, @escaping @Sendable () -> Int) async throws -> Void
    ) async throws {
        let sent = Mutex(0)
        try await RawPeer.run(
            behave: { _, _, inbound, outbound in
                for try await _ in inbound { break }
                try await outbound.write(ByteBuffer(string: start))
                while !Task.isCancelled {
                    try await outbound.write(ByteBuffer(bytes: bytes))
                    sent.withLock { $0 += bytes.count }
                    if pause > .zero { try await Task.sleep(for: pause) } else { await Task.yield() }
                }
            }
        ) { _, port in try await body(port) { sent.withLock { $0 } } }
    }

    // MARK: Answers without measure

    @Test func `of 10 GB hardly more than a mebibyte is read, and the delivery stands`() async throws {
        let chunk = [UInt8](repeating: 32, count: 1 << 16)
        try await withFlood(start: "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", chunk) { port, sent in
            let outcome = try await deliver("http://127.0.0.1:\(port)/")
            #expect(outcome == .delivered(reference: "share-1"))
            // What the sockets on both sides hold beside it.
            #expect(sent() < 64 << 20)
        }
    }

    @Test(arguments: ["X-More: x\r\n", "x"]) func `headers without end are cut off`(more: String) async throws {
        let bytes = Array(String(repeating: more, count: 1000).utf8)
        try await withFlood(start: "HTTP/1.1 200 OK\r\nX-First: ", bytes) { port, sent in
            let outcome = try await deliver("http://127.0.0.1:\(port)/")
            guard case .unknown("connection_lost", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(sent() < 64 << 20)
        }
    }

    @Test func `a compressed answer is left compressed`() async throws {
        // Ten mebibytes of zeros in ten kilobytes would do; what is never undone needs no more than its name.
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1048576\r\n\r\n"
        try await withFlood(start: head, [UInt8](repeating: 0, count: 1 << 16)) { port, _ in
            let outcome = try await deliver("http://127.0.0.1:\(port)/")
            #expect(outcome == .delivered(reference: "share-1"))
        }
    }

    @Test func `a head that drips is not waited for beyond its time`() async throws {
        // Within a field's value, where any number of letters is in order.
        let head = "HTTP/1.1 200 OK\r\nX-Drip: "
        try await withFlood(start: head, [UInt8(ascii: "a")], every: .milliseconds(20)) { port, _ in
            let outcome = try await deliver("http://127.0.0.1:\(port)/") { $0.requestTimeout = .seconds(2) }
            guard case .unknown("answer_timeout", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test func `answers before the answer are not waited through for ever`() async throws {
        try await withFlood(
            start: "", Array("HTTP/1.1 102 Processing\r\n\r\n".utf8), every: .milliseconds(5)
        ) { port, _ in
            let outcome = try await deliver("http://127.0.0.1:\(port)/") { $0.requestTimeout = .seconds(2) }
            guard case .unknown("answer_timeout", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test func `who accepts and is silent leaves the outcome unknown`() async throws {
        try await RawPeer.run(behave: { peer, _, inbound, _ in try await peer.listen(inbound) }) { _, port in
            let outcome = try await deliver("http://127.0.0.1:\(port)/") { $0.requestTimeout = .seconds(2) }
            guard case .unknown("answer_timeout", _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    // MARK: Servers that are somebody else

    /// A server that takes whatever is posted.
    private func withTaker(
        _ tls: TLSConfiguration, _ body: @escaping @Sendable (RawPeer, Int) async throws -> Void
    ) async throws {
        try await RawPeer.run(
            tls: tls,
            behave: { peer, _, inbound, outbound in
                for try await buffer in inbound {
                    peer.hear(buffer)
                    guard String(decoding: peer.received, as: UTF8.self).hasSuffix("TESTER") else { continue }
                    try await outbound.write(ByteBuffer(string: "HTTP/1.1 204 No Content\r\n\r\n"))
                }
            }, body)
    }

    @Test(arguments: FaultyCertificates.Fault.allCases)
    func `nothing is sent to a server whose certificate is not to be relied on`(
        fault: FaultyCertificates.Fault
    )
        async throws
    {
        try await withTaker(try FaultyCertificates.server(fault)) { peer, port in
            let outcome = try await deliver("https://localhost:\(port)/")
            guard case .retryable("tls_failed", _, nil) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(peer.received.isEmpty)
        }
    }

    @Test func `a server that says nothing in the handshake is let go`() async throws {
        try await RawPeer.run(behave: { peer, _, inbound, _ in try await peer.listen(inbound) }) { peer, port in
            let outcome = try await deliver("https://127.0.0.1:\(port)/") { $0.connectTimeout = .seconds(2) }
            guard case .retryable(let code, _, _) = outcome, ["tls_timeout", "connect_timeout"].contains(code) else {
                Issue.record("\(outcome)")
                return
            }
            #expect(!String(decoding: peer.received, as: UTF8.self).contains("TESTER"))
        }
    }

    // MARK: Where names lead

    @Test(arguments: ["other.example.org", "Other.Example.ORG"])
    func `the connection is made to the address that was checked, and TLS asks for the name`(
        host: String
    )
        async throws
    {
        let asked = Mutex(0)
        try await withTaker(try FaultyCertificates.server(.anotherName)) { _, port in
            let outcome = try await deliver("https://\(host):\(port)/") {
                $0.resolver = { _, port in
                    asked.withLock { $0 += 1 }
                    return [try SocketAddress(ipAddress: "127.0.0.1", port: port)]
                }
            }
            #expect(outcome == .delivered(reference: "share-1"))
            #expect(asked.withLock { $0 } == 1)
        }
    }

    @Test func `where the first address refuses, the next is tried`() async throws {
        try await withTaker(try FaultyCertificates.server(.anotherName)) { _, port in
            let outcome = try await deliver("https://other.example.org:\(port)/") {
                $0.resolver = { _, port in
                    try ["127.0.0.9", "127.0.0.1"].map { try SocketAddress(ipAddress: $0, port: port) }
                }
            }
            #expect(outcome == .delivered(reference: "share-1"))
        }
    }

    @Test(arguments: ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"])
    func `a partner's name that leads to this machine or a private network is refused`(address: String) async throws {
        try await withTaker(try FaultyCertificates.server(.anotherName)) { peer, port in
            let outcome = try await deliver("https://other.example.org:\(port)/") {
                $0.insecureLoopbackAllowed = false
                $0.resolver = { _, port in [try SocketAddress(ipAddress: address, port: port)] }
            }
            guard case .retryable("address_refused", _, nil) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(peer.connections == 0)
        }
    }

    @Test(arguments: [
        "https://10.0.0.1/", "https://169.254.169.254/", "https://[::ffff:127.0.0.1]/", "https://0x7f.1/",
    ])
    func `an address that is not allowed is found at start`(url: String) {
        let error = #expect(throws: ChannelConfigurationError.self) { try HTTPSChannel(configuration: .init(url: url)) }
        #expect(error?.setting == "url")
    }

    // MARK: The exception for TLS 1.2

    @Test(arguments: [(Int64(1_000), true), (999, false), (0, false)])
    func `TLS 1.2 is spoken until its day is over, by a hub that runs on`(until: Int64, isSpoken: Bool) async throws {
        let folder = TestCertificates.folder
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile("\(folder)/server.pem").map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: "\(folder)/server.key", format: .pem)))
        tls.maximumTLSVersion = .tlsv12
        try await withTaker(tls) { peer, port in
            let outcome = try await deliver("https://localhost:\(port)/") {
                $0.tls.tls12Until = until
                $0.now = { 999 }
            }
            if isSpoken {
                #expect(outcome == .delivered(reference: "share-1"))
            } else if case .retryable("tls_failed", _, _) = outcome {
                #expect(peer.received.isEmpty)
            } else {
                Issue.record("\(outcome)")
            }
        }
    }
}
