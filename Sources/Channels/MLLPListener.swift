package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import SwiftASN1
import Synchronization
import X509

/// Takes HL7 v2 messages of one partner over TCP, plain or under TLS with client certificates (MLLP).
///
/// Each connection is read, answered and bounded by itself. Messages that came together are handed on together and
/// answered in their order; while they are worked on nothing more is read, so that a sender who does not wait for answers
/// is held back by TCP. Graceful shutdown answers what is in hand and closes.
package struct MLLPListener: Service {
    package struct Configuration: Sendable {
        package var host: String
        package var port: Int
        /// Left alone: plain TCP.
        package var tls: TLS?
        /// Addresses from which plain connections are taken; empty takes any.
        package var sources: Set<String> = []
        /// Connections at once. Beyond them a new one is closed at once.
        package var connections = 16
        /// The longest message.
        package var longest: Int
        /// How long a message that has begun may stand still, and an answer remain unread.
        package var silence = Duration.seconds(60)
        /// How long a message may take from its first byte to its last.
        package var slowest = Duration.seconds(300)
        /// How long a connection may wait for a next message. TCP's own probes find dead ones sooner.
        package var idle = Duration.seconds(24 * 3600)
        /// How long the TLS handshake may take.
        package var handshake = Duration.seconds(10)

        package init(host: String, port: Int, longest: Int) {
            self.host = host
            self.port = port
            self.longest = longest
        }
    }

    /// Mutual TLS: PEM files, and whose certificates are taken.
    package struct TLS: Sendable {
        package var certificate: String
        package var key: String
        /// The authorities that client certificates must come from.
        package var authority: String
        /// DNS names of which a client certificate must carry one. A certificate without any is known by its common name.
        package var clients: Set<String>

        package init(certificate: String, key: String, authority: String, clients: [String]) {
            self.certificate = certificate
            self.key = key
            self.authority = authority
            self.clients = Set(clients.map { $0.lowercased() })
        }
    }

    /// Messages of one connection that are handed on together at most.
    static let mostTogether = 32
    /// Answers that may be owed on one connection while more is received.
    static let mostOwed = 64
    /// Connections beyond the limit that may be in their handshake.
    private static let mostShakingHands = 32

    private let configuration: Configuration
    private let receiver: any MLLPReceiver
    private let context: NIOSSLContext?
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void
    private let open = Connections()

    /// - Parameter onListening: called with the port once connections are taken.
    /// - Throws: ``ChannelConfigurationError`` when a file cannot be read.
    package init(
        _ configuration: Configuration, receiver: any MLLPReceiver, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws(ChannelConfigurationError) {
        self.configuration = configuration
        self.receiver = receiver
        self.logger = logger
        self.onListening = onListening
        context = try configuration.tls.map { tls throws(ChannelConfigurationError) in try tls.context() }
    }

    /// Connections that are open now.
    package var connectionCount: Int { open.count }

    package func run() async throws {
        let (accepted, accept) = AsyncStream.makeStream(of: Accepted.self)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.init(rawValue: Self.keepaliveIdle)), value: 60)
            .childChannelOption(.tcpOption(.init(rawValue: Self.keepaliveInterval)), value: 15)
            .childChannelOption(.tcpOption(.init(rawValue: Self.keepaliveCount)), value: 4)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = try take(channel)
                    // Whoever is accepted has an owner, however late: a channel that is dropped traps.
                    if case .terminated = accept.yield(connection) { Task { await end(connection) } }
                }
            }
            .bind(host: configuration.host, port: configuration.port).get()
        server.closeFuture.whenComplete { _ in accept.finish() }
        await onListening(server.localAddress?.port ?? 0)
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                // A stream that ends hands out what it holds first.
                for await connection in accepted { group.addTask { await serve(connection) } }
                // Where nobody is taken any more, nobody is kept: the service ends, and with it the process.
                open.stop()
            }
        } onCancelOrGracefulShutdown: {
            server.close(promise: nil)
            open.stop()
        }
    }

    /// A new connection, on its event loop.
    private func take(_ channel: any Channel) throws -> Accepted {
        var handshake = channel.eventLoop.makeSucceededVoidFuture()
        if let context {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: context))
            let watch = HandshakeWatch(on: channel.eventLoop)
            handshake = watch.done.futureResult
            try pipeline.addHandler(watch)
        }
        return Accepted(channel: try NIOAsyncChannel(wrappingChannelSynchronously: channel), handshake: handshake)
    }

    /// Linux, tcp(7).
    private static let keepaliveIdle: CInt = 4
    private static let keepaliveInterval: CInt = 5
    private static let keepaliveCount: CInt = 6

    private struct Accepted: Sendable {
        var channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        var handshake: EventLoopFuture<Void>
    }

    /// Everything of one connection, from its acceptance to its end.
    private func serve(_ accepted: Accepted) async {
        let channel = accepted.channel.channel
        let entry = MLLPConnection(channel)
        // Counted before the handshake too, or strangers could hold any number of connections in it.
        guard open.add(entry, most: configuration.connections + (context == nil ? 0 : Self.mostShakingHands)) else {
            refuse(.tooManyConnections, channel)
            return await end(accepted)
        }
        defer { open.remove(entry) }
        guard await isAdmitted(accepted) else {
            refuse(.notAdmitted, channel)
            return await end(accepted)
        }
        guard open.establish(entry, most: configuration.connections) else {
            refuse(.tooManyConnections, channel)
            return await end(accepted)
        }
        await entry.converse(accepted.channel, with: receiver, configuration)
    }

    private func refuse(_ fault: MLLPFault, _ channel: any Channel) {
        receiver.note(fault)
        logger.warning(
            "connection refused",
            metadata: ["fault": "\(fault.rawValue)", "address": "\(channel.remoteAddress?.ipAddress ?? "")"])
    }

    private func end(_ accepted: Accepted) async {
        try? await accepted.channel.executeThenClose { _, _ in }
    }

    /// Whether the other end is the partner: by its certificate, or where there is no TLS by its address.
    private func isAdmitted(_ accepted: Accepted) async -> Bool {
        let channel = accepted.channel.channel
        guard let tls = configuration.tls else {
            return configuration.sources.isEmpty
                || channel.remoteAddress?.ipAddress.map(configuration.sources.contains) == true
        }
        let late = channel.eventLoop.scheduleTask(in: .init(configuration.handshake)) {
            channel.close(promise: nil)
        }
        defer { late.cancel() }
        do {
            try await accepted.handshake.get()
            let certificate = try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self).peerCertificate
            }.get()
            return try certificate.map { try tls.admits($0) } ?? false
        } catch {
            return false
        }
    }
}

extension MLLPListener.TLS {
    /// Reads the files, as listening would.
    ///
    /// - Throws: ``ChannelConfigurationError``.
    package func check() throws(ChannelConfigurationError) { _ = try context() }

    /// What NIOSSL needs to listen. Reads every file now, so that a missing one is found at start.
    fileprivate func context() throws(ChannelConfigurationError) -> NIOSSLContext {
        func reading<R>(
            _ setting: String, _ path: String, _ read: () throws -> R
        ) throws(ChannelConfigurationError) -> R {
            do { return try read() } catch {
                throw ChannelConfigurationError(setting: setting, problem: "no PEM can be read from \(path)")
            }
        }
        let chain = try reading("certificate", certificate) { try NIOSSLCertificate.fromPEMFile(certificate) }
        let roots = try reading("ca", authority) { try NIOSSLCertificate.fromPEMFile(authority) }
        let privateKey = try reading("key", key) { try NIOSSLPrivateKey(file: key, format: .pem) }
        guard !chain.isEmpty, !roots.isEmpty else {
            let (setting, path) = chain.isEmpty ? ("certificate", certificate) : ("ca", authority)
            throw ChannelConfigurationError(setting: setting, problem: "no PEM certificate can be read from \(path)")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv13
        configuration.trustRoots = .certificates(roots)
        // A server knows its client by a certificate, not by the name that it was called by.
        configuration.certificateVerification = .noHostnameVerification
        return try reading("key", key) { try NIOSSLContext(configuration: configuration) }
    }

    /// Whether a certificate, whose chain was verified, carries one of the names.
    fileprivate func admits(_ certificate: NIOSSLCertificate) throws -> Bool {
        let certificate = try Certificate(derEncoded: certificate.toDERBytes())
        let names = try certificate.extensions.subjectAlternativeNames?.compactMap { name -> String? in
            if case .dnsName(let name) = name { name } else { nil }
        }
        if let names, !names.isEmpty { return names.contains { clients.contains($0.lowercased()) } }
        return certificate.subject.contains { parts in
            parts.contains { $0.type == .RDNAttributeType.commonName && clients.contains("\($0.value)".lowercased()) }
        }
    }
}

/// The connections of one listener.
private final class Connections: Sendable {
    private struct State {
        var all: [ObjectIdentifier: MLLPConnection] = [:]
        var established: Set<ObjectIdentifier> = []
        var isStopping = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.established.count } }

    /// False when there are as many already, or no more are taken.
    func add(_ connection: MLLPConnection, most: Int) -> Bool {
        state.withLock { state in
            guard !state.isStopping, state.all.count < most else { return false }
            state.all[ObjectIdentifier(connection)] = connection
            return true
        }
    }

    func establish(_ connection: MLLPConnection, most: Int) -> Bool {
        state.withLock { state in
            guard !state.isStopping, state.established.count < most else { return false }
            state.established.insert(ObjectIdentifier(connection))
            return true
        }
    }

    func remove(_ connection: MLLPConnection) {
        state.withLock { state in
            state.all[ObjectIdentifier(connection)] = nil
            state.established.remove(ObjectIdentifier(connection))
        }
    }

    /// Takes no more, and lets those that are there finish what they have in hand.
    func stop() {
        let all = state.withLock { state in
            state.isStopping = true
            return state.all.values
        }
        for connection in all { connection.stop() }
    }
}
