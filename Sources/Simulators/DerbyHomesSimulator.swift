import Channels
import Crypto
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOSSL
import Synchronization

/// A housing provider's receiving system: an HTTPS server that takes `HOUSING v1` and recognises a repeat.
///
/// A first `Idempotency-Key` is answered with 201 and a reference, a known one with 200, `"status": "duplicate"` and the same
/// reference. Every receipt is journalled. `PUT /behaviour?down=true&fail_rate=0.3&delay_ms=500` changes how it behaves while
/// it runs; `GET /count` tells how many requests it has taken. A sink answers `GET /arrivals` with a line for each since the last
/// time: the document's reference, and when it came, in nanoseconds of the machine's monotonic clock.
package final class DerbyHomesSimulator: Sendable {
    package struct Configuration: Sendable {
        package var port: Int
        /// PEM files of the server; without them it speaks plain HTTP.
        package var certificate: String?
        package var key: String?
        /// When given, a client certificate of this authority is demanded.
        package var clientAuthority: String?
        package var journal: String?
        package var behaviour: Behaviour
        /// Takes everything as fast as it can and keeps nothing but what came when: the far end of a measurement.
        package var sink: Bool

        package init(
            port: Int, certificate: String? = nil, key: String? = nil, clientAuthority: String? = nil,
            journal: String? = nil, behaviour: Behaviour = Behaviour(), sink: Bool = false
        ) {
            self.port = port
            self.certificate = certificate
            self.key = key
            self.clientAuthority = clientAuthority
            self.journal = journal
            self.behaviour = behaviour
            self.sink = sink
        }
    }

    /// How well it works today.
    package struct Behaviour: Sendable, Hashable {
        /// Answers everything with 503.
        package var down: Bool
        /// The share of requests answered with 503 without being taken, 0 to 1.
        package var failRate: Double
        /// Waits before it answers.
        package var delay: Duration

        package init(down: Bool = false, failRate: Double = 0, delay: Duration = .zero) {
            self.down = down
            self.failRate = failRate
            self.delay = delay
        }
    }

    private let configuration: Configuration
    private let journal: Journal
    private let behaviour: Mutex<Behaviour>
    private let taken = Atomic<Int>(0)
    /// What came to a sink since it was last asked.
    private let arrivals = Mutex<[(reference: String, at: UInt64)]>([])
    private let logger: Logger
    private let say: @Sendable (String) -> Void

    /// - Parameter say: takes one line per receipt. No personal data.
    package init(configuration: Configuration, logger: Logger, say: @escaping @Sendable (String) -> Void) throws {
        self.configuration = configuration
        journal = try Journal(path: configuration.journal)
        behaviour = Mutex(configuration.behaviour)
        self.logger = logger
        self.say = say
    }

    /// How many requests were taken since the start, repeats included.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// How it behaves from now on.
    package func behave(_ new: Behaviour) { behaviour.withLock { $0 = new } }

    /// Serves until it is cancelled or shut down.
    /// - Parameter ready: called with the port once connections are taken.
    package func run(ready: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        let router = Router()
        router.post("/housing/v1") { request, _ in try await self.take(request) }
        router.put("/behaviour") { request, _ in
            let wish = request.uri.queryParameters
            self.behaviour.withLock { behaviour in
                if let down = wish["down"] { behaviour.down = down == "true" }
                if let rate = wish["fail_rate"].flatMap({ Double($0) }) { behaviour.failRate = rate }
                if let delay = wish["delay_ms"].flatMap({ Int($0) }) { behaviour.delay = .milliseconds(delay) }
            }
            return HTTPResponse.Status.noContent
        }
        router.get("/count") { _, _ in "\(self.count)\n" }
        router.get("/arrivals") { _, _ in
            let arrivals = self.arrivals.withLock { arrivals in
                defer { arrivals = [] }
                return arrivals
            }
            return arrivals.map { "\($0.reference),\($0.at)\n" }.joined()
        }
        router.get("/healthz") { _, _ in HTTPResponse.Status.ok }
        let application = Application(
            router: router, server: try server(),
            configuration: .init(address: .hostname("127.0.0.1", port: configuration.port), serverName: nil),
            onServerRunning: { channel in await ready(channel.localAddress?.port ?? self.configuration.port) },
            logger: logger)
        try await application.runService(gracefulShutdownSignals: [])
    }

    private func server() throws -> HTTPServerBuilder {
        guard let certificate = configuration.certificate, let key = configuration.key else { return .http1() }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        tls.minimumTLSVersion = .tlsv13
        if let authority = configuration.clientAuthority {
            tls.trustRoots = .file(authority)
            tls.certificateVerification = .noHostnameVerification
        }
        return try .tls(.http1(), tlsConfiguration: tls)
    }

    private func take(_ request: Request) async throws -> Response {
        if configuration.sink {
            let document = Array(buffer: try await request.body.collect(upTo: 1 << 20))
            let arrival = (JSONText.text("reference", in: document) ?? "", MonotonicClock.nanoseconds)
            arrivals.withLock { $0.append(arrival) }
            taken.add(1, ordering: .relaxed)
            return Response(status: .noContent)
        }
        let behaviour = behaviour.withLock { $0 }
        if behaviour.delay > .zero { try await Task.sleep(for: behaviour.delay) }
        if behaviour.down || Double.random(in: 0..<1) < behaviour.failRate {
            return problem(.serviceUnavailable, "unavailable", retryAfter: "2")
        }
        let mediaType = request.headers[.contentType]?.prefix { $0 != ";" } ?? ""
        guard mediaType == "application/json" || mediaType.hasSuffix("+json") else {
            return problem(.unsupportedMediaType, "media_type")
        }
        let body = try await request.body.collect(upTo: 1 << 20)
        guard let key = request.headers[.init("Idempotency-Key")!], (1...200).contains(key.utf8.count),
            (try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))) is [String: Any]
        else { return problem(.badRequest, "not_parseable") }
        taken.add(1, ordering: .relaxed)
        let line = journal.note(key: key, sha256: Hexadecimal.text(SHA256.hash(data: Data(body.readableBytesView))))
        let reference = "DH-" + Hexadecimal.text(SHA256.hash(data: Data(key.utf8))).prefix(10).uppercased()
        say("derby_homes            HOUSING v1      received \(line.seen)  reference \(reference)")
        return json(
            line.seen == "first" ? .created : .ok, "application/json",
            #"{"reference":"\#(reference)","status":"\#(line.seen == "first" ? "received" : "duplicate")"}"#)
    }

    private func problem(_ status: HTTPResponse.Status, _ type: String, retryAfter: String? = nil) -> Response {
        var response = json(status, "application/problem+json", #"{"type":"\#(type)","status":\#(status.code)}"#)
        if let retryAfter { response.headers[.retryAfter] = retryAfter }
        return response
    }

    private func json(_ status: HTTPResponse.Status, _ mediaType: String, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: mediaType], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
