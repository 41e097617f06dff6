import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Translation

/// Delivers HL7 v2 messages to one receiver over TCP, plain or under mutual TLS (MLLP; NHS interfaces, sections 8.1, 8.4).
///
/// One connection is kept, with one message outstanding on it; deliveries wait their turn in their order. A repeat is the
/// same bytes under the same MSH-10, by which the receiver recognises it.
///
/// | what comes | outcome |
/// |---|---|
/// | `AA`; `CA` where the application need not answer, or where `answer: commit` is configured and nothing follows | delivered, by our MSH-10 |
/// | `AE`, `CE` | rejected `hl7_ae`, `hl7_ce` |
/// | `AR`, `CR` | retryable `hl7_ar`, `hl7_cr` |
/// | `CA` and then nothing | unknown `application_answer_timeout` |
/// | nothing, or a byte now and then | unknown `answer_timeout` |
/// | acknowledgements of other messages only | unknown `answer_mismatch` |
/// | what is no acknowledgement, or has no end | unknown `answer_unreadable` |
/// | the connection ends | unknown `connection_lost`; retryable `connection_refused` where nothing had left |
/// | no connection, no address, no TLS | retryable `connection_refused`, `connect_timeout`, `name_…`, `address_refused`, `tls_failed`, `tls_timeout` |
/// | others wait too, too many or too long | retryable `busy` |
///
/// After any outcome that is followed by a repeat the connection is made anew, so that an answer which is still on its way
/// is not taken for the answer to that.
package final class MLLPChannel: OutboundChannel {
    /// Where the receiver is and how long it is waited for.
    package struct Configuration: Sendable {
        package var host: String
        package var port: Int
        /// Left alone: plain TCP, to this machine or a private network only.
        package var tls: TLSFiles?
        /// Whether the host may be on a private network, such as HSCN. Defaults to not.
        package var privateNetworkAllowed = false
        package var answer = Answer.application
        /// How long making a connection may take, and as long again its TLS handshake. Defaults to 5 s.
        package var connectTimeout = Duration.seconds(5)
        /// From the message's first byte to its answer. Defaults to 30 s.
        package var answerTimeout = Duration.seconds(30)
        /// How long the application's answer is waited for after the commit answer, where the latter counts as delivered.
        /// Defaults to 2 s; where it does not, ``answerTimeout`` holds.
        package var applicationPatience = Duration.seconds(2)
        /// How long a delivery may wait for its turn. Defaults to 30 s.
        package var turnTimeout = Duration.seconds(30)
        /// Deliveries that wait for their turn at most. Defaults to 64.
        package var waiting = 64
        /// How names are resolved, for tests.
        var resolver = HostAddresses.systemResolver
        /// Seconds since 1970, for tests.
        var now: @Sendable () -> Int64 = WallClock.now

        package init(host: String, port: Int, tls: TLSFiles? = nil) {
            self.host = host
            self.port = port
            self.tls = tls
        }

        /// How long one delivery may take in all.
        package var longest: Duration { turnTimeout + connectTimeout * 3 + answerTimeout * 2 }
    }

    /// What counts as delivered where the receiver answers twice.
    package enum Answer: String, Sendable, CaseIterable {
        /// Stored by the receiver (`CA`), where its application says nothing else soon.
        case commit
        /// Taken by the receiver's application (`AA`).
        case application
    }

    /// No connection could be made; nothing was sent.
    private struct Failure: Error {
        var code: String
        var text: String

        var outcome: DeliveryOutcome { .retryable(code: code, text: text, after: nil) }
    }

    private enum State {
        case closed
        /// - Parameter version: the lowest TLS version that it was made under.
        case open(any Channel, version: TLSFiles.Version?)
        case shutDown
    }

    private let configuration: Configuration
    private let addresses: HostAddresses
    private let tls: TLSConfiguration?
    private let turns: TurnQueue
    private let state = Mutex(State.closed)

    /// Reads certificates and checks the address; does not connect.
    package init(configuration: Configuration) throws(ChannelConfigurationError) {
        self.configuration = configuration
        addresses = try HostAddresses(
            host: configuration.host, port: configuration.port,
            allowance: .init(
                privateNetwork: configuration.privateNetworkAllowed,
                loopback: NetworkReach.isThisMachine(configuration.host),
                onlyNear: configuration.tls == nil),
            setting: "host", resolver: configuration.resolver)
        if let files = configuration.tls {
            guard files.certificate != nil else {
                throw ChannelConfigurationError(
                    setting: "tls.certificate", problem: "is missing: the receiver knows the hub by its certificate")
            }
            tls = try files.clientConfiguration()
        } else {
            tls = nil
        }
        turns = TurnQueue(most: configuration.waiting)
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let exchange = MLLPExchange(delivery.bytes, sufficient: configuration.answer) else {
            return .rejected(
                code: "not_hl7", text: "the document is no HL7 v2 message with an MSH-10 that MLLP can carry")
        }
        switch await turns.turn(within: configuration.turnTimeout) {
        case .admitted: break
        case .tooMany, .tooLate:
            return .retryable(code: "busy", text: "other messages for the same receiver were before it", after: nil)
        case .cancelled:
            return .retryable(code: "cancelled", text: "the hub stopped before the message was sent", after: nil)
        }
        defer { turns.done() }
        do {
            return await converse(MLLP.frame(delivery.bytes), exchange, on: try await connected())
        } catch {
            return error.outcome
        }
    }

    /// Makes a connection, or has the one that is open. Sends no message: an engine may file whatever it is sent.
    package func probe() async -> [ProbeStep] {
        let what = configuration.tls == nil ? "connection" : "connection and TLS"
        guard case .admitted = await turns.turn(within: configuration.turnTimeout) else {
            return [.failed(what, code: "busy", "other messages for the same receiver were before it")]
        }
        defer { turns.done() }
        do {
            _ = try await connected()
            return [.passed(what, "the receiver takes our connection")]
        } catch {
            return [.failed(what, code: error.code, error.text)]
        }
    }

    private func converse(_ frame: [UInt8], _ exchange: MLLPExchange, on channel: any Channel) async -> DeliveryOutcome
    {
        let patience = MLLPLine.Patience(
            answer: TimeAmount(configuration.answerTimeout),
            application: TimeAmount(
                configuration.answer == .commit ? configuration.applicationPatience : configuration.answerTimeout))
        let outcome = channel.eventLoop.flatSubmit {
            do {
                return try channel.pipeline.syncOperations.handler(type: MLLPLine.self).send(frame, exchange, patience)
            } catch {
                // A channel that was closed has no handlers any more.
                return channel.eventLoop.makeSucceededFuture(MLLPLine.notSent)
            }
        }
        return await withTaskCancellationHandler {
            // Never fails: every end is an outcome.
            (try? await outcome.get()) ?? exchange.cutOff()
        } onCancel: {
            channel.eventLoop.execute {
                try? channel.pipeline.syncOperations.handler(type: MLLPLine.self).cancel()
            }
        }
    }

    package func shutdown() async {
        let open = state.withLock { state -> (any Channel)? in
            defer { state = .shutDown }
            if case .open(let channel, _) = state { return channel }
            return nil
        }
        try? await open?.close()
    }

    // MARK: The connection

    /// The connection that is open, or a new one. Called by whoever's turn it is.
    private func connected() async throws(Failure) -> any Channel {
        let version = configuration.tls?.minimumVersion(at: configuration.now())
        let known = try state.withLock { state throws(Failure) -> (channel: any Channel, isCurrent: Bool)? in
            switch state {
            case .open(let channel, let made): return (channel, made == version)
            case .closed: return nil
            case .shutDown: throw Failure(code: "closed", text: "the hub is stopping")
            }
        }
        if let known {
            if known.isCurrent, await Self.isUsable(known.channel) { return known.channel }
            known.channel.close(promise: nil)
        }
        let channel = try await connect(version)
        let isWanted = state.withLock { state in
            if case .shutDown = state { return false }
            state = .open(channel, version: version)
            return true
        }
        guard isWanted else {
            try? await channel.close()
            throw Failure(code: "closed", text: "the hub is stopping")
        }
        return channel
    }

    private static func isUsable(_ channel: any Channel) async -> Bool {
        let answer = channel.eventLoop.submit {
            // A channel that was closed has no handlers any more.
            (try? channel.pipeline.syncOperations.handler(type: MLLPLine.self).isUsable) ?? false
        }
        return (try? await answer.get()) ?? false
    }

    /// - Parameter version: the lowest TLS version that is spoken.
    private func connect(_ version: TLSFiles.Version?) async throws(Failure) -> any Channel {
        let found: [SocketAddress]
        do {
            found = try await addresses.current(within: configuration.connectTimeout)
        } catch {
            throw Failure(code: error.code, text: error.text)
        }
        let deadline = ContinuousClock.now + configuration.connectTimeout
        var failure = Failure(code: "connection_refused", text: "no connection could be made")
        for address in found {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { break }
            let channel: any Channel
            let handshake: EventLoopFuture<Void>
            do {
                (channel, handshake) = try await open(address, version, within: left)
            } catch ChannelError.connectTimeout {
                failure = Failure(code: "connect_timeout", text: "no connection was made in time")
                continue
            } catch is NIOSSLExtraError {
                throw Self.tlsFailed
            } catch {
                continue
            }
            try await agree(channel, handshake)
            return channel
        }
        throw failure
    }

    private static let tlsFailed = Failure(
        code: "tls_failed", text: "the TLS handshake failed: certificate, name, key or version do not fit")

    /// Waits for TLS, and looks at whom it was agreed with.
    private func agree(_ channel: any Channel, _ handshake: EventLoopFuture<Void>) async throws(Failure) {
        guard tls != nil else { return }
        let late = Mutex(false)
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) {
            late.withLock { $0 = true }
            channel.close(promise: nil)
        }
        defer { timer.cancel() }
        do {
            try await handshake.get()
            try await channel.eventLoop.submit {
                let handler = try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
                try CertificateStrength.check(handler.peerCertificate)
            }.get()
        } catch {
            channel.close(promise: nil)
            throw late.withLock { $0 }
                ? Failure(code: "tls_timeout", text: "the TLS handshake was not done in time") : Self.tlsFailed
        }
    }

    private func open(
        _ address: SocketAddress, _ version: TLSFiles.Version?, within limit: Duration
    ) async throws -> (any Channel, EventLoopFuture<Void>) {
        var context: NIOSSLContext?
        if var tls, let version {
            tls.minimumTLSVersion = version.tls
            context = try NIOSSLContext(configuration: tls)
        }
        let isName = (try? SocketAddress(ipAddress: configuration.host, port: 0)) == nil
        let name = isName ? configuration.host : nil
        let opened = Mutex<EventLoopFuture<Void>?>(nil)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(TimeAmount(limit))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { [context] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                        let watch = HandshakeWatch(on: channel.eventLoop)
                        opened.withLock { $0 = watch.done.futureResult }
                        try pipeline.addHandler(watch)
                    }
                    try pipeline.addHandler(MLLPLine(on: channel))
                }
            }
            .connect(to: address).get()
        return (channel, opened.withLock { $0 } ?? channel.eventLoop.makeSucceededVoidFuture())
    }
}
