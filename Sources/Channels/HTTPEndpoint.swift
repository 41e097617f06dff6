import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL

/// One HTTP server of a partner: sends a request there and sorts every failure by whether its bytes can have arrived.
///
/// Redirects are never followed, and connections are made only to addresses that were checked (``HostAddresses``), since
/// either would carry personal data to an address that nobody agreed to.
struct HTTPEndpoint: Sendable {
    struct Configuration: Sendable {
        var url: String
        var tls: TLSFiles
        /// For each address; less where ``requestTimeout`` leaves less for all of them.
        var connectTimeout: Duration
        var requestTimeout: Duration
        var connections: Int
        var insecureLoopbackAllowed: Bool
        /// Undo `Content-Encoding: gzip` of answers up to this many bytes; `nil` leaves them as they are.
        var decompressionLimit: Int?
        /// Whether the host may be on a private network, such as the council's own or HSCN.
        var privateNetworkAllowed = false
        var resolver = HostAddresses.systemResolver
        /// Seconds since 1970.
        var now: @Sendable () -> Int64 = WallClock.now
    }

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        /// `nil` when the body was longer than asked for or broke off.
        var body: ByteBuffer?
        /// Whether the body is missing because it was longer than asked for.
        var isTooLong = false
    }

    /// No answer came.
    struct Failure: Error {
        var code: String
        var text: String
        /// False when no connection was made, so that nothing can have arrived.
        var mayHaveArrived: Bool

        static let notConnected = Failure(
            code: "connection_refused", text: "no connection could be made", mayHaveArrived: false)

        /// Whether another address of the same host may fare better.
        fileprivate var isOfAddress: Bool { ["connection_refused", "connect_timeout"].contains(code) }
    }

    private let addresses: HostAddresses
    private let clients: PinnedClients
    private let configuration: Configuration

    init(_ configuration: Configuration) throws(ChannelConfigurationError) {
        let (host, port) = try Self.check(configuration)
        addresses = try HostAddresses(
            host: host.trimmingBrackets, port: port,
            allowance: .init(
                privateNetwork: configuration.privateNetworkAllowed,
                loopback: configuration.insecureLoopbackAllowed
                    || NetworkReach.isThisMachine(host.trimmingBrackets)),
            setting: "url", resolver: configuration.resolver)
        self.configuration = configuration
        var tls = try configuration.tls.clientConfiguration()
        // A connection that is given up is read from until the other side's farewell: who floods must not have the usual 5 s.
        tls.shutdownTimeout = .milliseconds(100)
        var http = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(read: TimeAmount(configuration.requestTimeout)))
        http.httpVersion = .http1Only
        http.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connections
        // Given up before the other side does: many servers close after 5 s, and a request that meets that is lost with an
        // unknown outcome.
        http.connectionPool.idleTimeout = .seconds(4)
        // A connection that cannot be made is an outcome at once. The queue's back-off does the waiting, not the client.
        http.connectionPool.retryConnectionEstablishment = false
        if let limit = configuration.decompressionLimit { http.decompression = .enabled(limit: .size(limit)) }
        http.http1_1ConnectionDebugInitializer = Self.checkPeer
        clients = PinnedClients(host: host, configuration: http)
    }

    /// Refuses a server whose certificate's key is weak, before anything is sent to it.
    ///
    /// Called for each new connection once its handshake is done and before it is used.
    @Sendable private static func checkPeer(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            guard let tls = try? channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self) else { return }
            do {
                try CertificateStrength.check(tls.peerCertificate)
            } catch {
                // Not before the pool has heard of the failure.
                channel.eventLoop.execute { channel.close(promise: nil) }
                throw error
            }
        }
    }

    /// Refuses an address to which personal data must not go in clear; gives its host and port.
    private static func check(
        _ configuration: Configuration
    ) throws(ChannelConfigurationError) -> (host: String, port: Int) {
        guard let url = URLComponents(string: configuration.url), let host = url.host, !host.isEmpty else {
            throw ChannelConfigurationError(setting: "url", problem: "not an address of the form https://host/path")
        }
        guard url.user == nil, url.password == nil else {
            throw ChannelConfigurationError(setting: "url", problem: "credentials do not belong in an address")
        }
        if url.scheme == "https" { return (host, url.port ?? 443) }
        guard url.scheme == "http", NetworkReach.isThisMachine(host.trimmingBrackets),
            configuration.insecureLoopbackAllowed
        else {
            throw ChannelConfigurationError(
                setting: "url",
                problem:
                    "must be https; http is taken for this machine only (127.0.0.1), where the configuration says so")
        }
        return (host, url.port ?? 80)
    }

    /// Sends one request and waits for its answer, at most the configured time.
    /// - Parameters:
    ///   - url: of the host that the endpoint was made for.
    ///   - maximumAnswer: bytes of the answer's body that are read at most.
    func exchange(
        _ method: HTTPMethod, _ url: String, headers: HTTPHeaders, body: [UInt8]? = nil, maximumAnswer: Int = 1 << 20
    ) async throws(Failure) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = headers
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let deadline = ContinuousClock.now + configuration.requestTimeout
        let version = configuration.tls.minimumVersion(at: configuration.now())
        let found: [SocketAddress]
        do {
            found = try await addresses.current(within: min(configuration.connectTimeout, configuration.requestTimeout))
        } catch {
            throw Failure(code: error.code, text: error.text, mayHaveArrived: false)
        }
        // The request's end must not come while it still connects: what had not left would be taken for unanswered.
        let connectTimeout = min(configuration.connectTimeout, configuration.requestTimeout / (found.count + 1))
        let pins = found.map {
            PinnedClients.Pin(address: $0, minimumVersion: version, connectTimeout: connectTimeout)
        }
        clients.use(only: pins)
        var failure = Failure.notConnected
        for pin in pins where ContinuousClock.now + connectTimeout < deadline {
            let result = await clients.with(pin) { client in
                await Self.send(request, with: client, maximumAnswer: maximumAnswer, until: deadline)
            }
            switch result {
            case nil: throw Failure.notConnected
            case .success(let answer): return answer
            case .failure(let found):
                guard found.isOfAddress else { throw found }
                failure = found
            }
        }
        throw failure
    }

    private static func send(
        _ request: HTTPClientRequest, with client: HTTPClient, maximumAnswer: Int,
        until deadline: ContinuousClock.Instant
    ) async -> Result<Answer, Failure> {
        do {
            let response = try await client.execute(
                request, timeout: TimeAmount(ContinuousClock.now.duration(to: deadline)))
            let body = await collect(response.body, upTo: maximumAnswer, until: deadline)
            return .success(
                Answer(
                    status: Int(response.status.code), headers: response.headers, body: try? body.get(),
                    isTooLong: body == .failure(.tooLong)))
        } catch {
            return .failure(failure(error))
        }
    }

    /// Why there is no body.
    private enum NoBody: Error {
        case tooLong
        case brokenOff
    }

    /// The body, if it is not too long and ends in time: the client's own limit ends with the answer's head.
    private static func collect(
        _ body: HTTPClientResponse.Body, upTo limit: Int, until deadline: ContinuousClock.Instant
    ) async -> Result<ByteBuffer, NoBody> {
        await withTaskGroup(of: Result<ByteBuffer, NoBody>.self) { group in
            group.addTask {
                do {
                    return .success(try await body.collect(upTo: limit))
                } catch is NIOTooManyBytesError, NIOHTTPDecompression.DecompressionError.limit {
                    return .failure(.tooLong)
                } catch {
                    return .failure(.brokenOff)
                }
            }
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return .failure(.brokenOff)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(.brokenOff)
        }
    }

    func shutdown() async { await clients.shutdown() }

    /// Whatever is not known to have failed before the request left may have arrived.
    static func failure(_ error: any Error) -> Failure {
        switch error {
        // By name a connection fails with the one error, by number with the other.
        case is NIOConnectionError: Failure.notConnected
        case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode):
            Failure.notConnected
        case let error as HTTPClientError where error == .connectTimeout || error == .getConnectionFromPoolTimeout:
            Failure(code: "connect_timeout", text: "no connection was made in time", mayHaveArrived: false)
        case let error as HTTPClientError where error == .tlsHandshakeTimeout:
            Failure(code: "tls_timeout", text: "the TLS handshake was not done in time", mayHaveArrived: false)
        case NIOSSLError.handshakeFailed, is NIOSSLExtraError, is CertificateStrength.Weak:
            Failure(
                code: "tls_failed", text: "the TLS handshake failed: certificate, name, key or version do not fit",
                mayHaveArrived: false)
        case let error as HTTPClientError where error == .readTimeout || error == .deadlineExceeded:
            Failure(code: "answer_timeout", text: "no answer came in time", mayHaveArrived: true)
        case let error as HTTPClientError where error == .cancelled:
            Failure(code: "cancelled", text: "the hub stopped waiting for the answer", mayHaveArrived: true)
        case is CancellationError:
            Failure(code: "cancelled", text: "the hub stopped waiting for the answer", mayHaveArrived: true)
        default:
            Failure(code: "connection_lost", text: "the connection broke before an answer came", mayHaveArrived: true)
        }
    }
}

extension String {
    /// An IPv6 address without the brackets that it has in a URL.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
