import FoundationEssentials
import NIOCore
import NIOHTTP1
import Synchronization

/// The MESH API for one mailbox of ours: a call each, nothing retried, every failure typed.
///
/// MESH is the NHS's store-and-forward exchange: a message is put into the recipient's mailbox, who fetches and then
/// acknowledges it. <https://digital.nhs.uk/developer/api-catalogue/message-exchange-for-social-care-and-health-api>
package final class MESHClient: Sendable {
    /// Which mailbox, where, and what proves that it is ours.
    package struct Configuration: Sendable {
        /// `https://host:port`, without the path `/messageexchange`.
        package var baseURL: String
        /// Our mailbox id, such as `DERBYLAC01`.
        package var mailbox: String
        /// The mailbox's password. A secret.
        package var password: String
        /// The environment's shared key. A secret.
        package var sharedKey: String
        /// Live, MESH demands a client certificate and speaks TLS 1.2 or later.
        package var tls: TLSFiles
        package var connectTimeout: Duration
        package var requestTimeout: Duration
        /// Larger messages are sent in chunks of this many bytes. Defaults to 20 MiB; one request may carry 100 MB.
        package var chunkBytes: Int
        /// The largest message fetched; a larger one stays in the inbox and its download fails. Defaults to 100 MiB.
        package var maximumBytes: Int
        /// Take `http` on this machine. For tests; everything else stays https.
        package var insecureLoopbackAllowed: Bool

        package init(
            baseURL: String, mailbox: String, password: String, sharedKey: String,
            tls: TLSFiles = TLSFiles(minimumVersion: .tls12), connectTimeout: Duration = .seconds(5),
            requestTimeout: Duration = .seconds(60), chunkBytes: Int = 20 << 20, maximumBytes: Int = 100 << 20,
            insecureLoopbackAllowed: Bool = false
        ) {
            self.baseURL = baseURL
            self.mailbox = mailbox.uppercased()
            self.password = password
            self.sharedKey = sharedKey
            self.tls = tls
            self.connectTimeout = connectTimeout
            self.requestTimeout = requestTimeout
            self.chunkBytes = chunkBytes
            self.maximumBytes = maximumBytes
            self.insecureLoopbackAllowed = insecureLoopbackAllowed
        }
    }

    private let configuration: Configuration
    private let endpoint: HTTPEndpoint
    private let now: @Sendable () -> Int64
    /// When the mailbox was last greeted, in seconds since 1970.
    private let greetedAt = Mutex<Int64?>(nil)

    /// Reads certificates and checks the address; does not connect.
    /// - Parameter now: seconds since 1970; passed in by tests only.
    package init(
        configuration: Configuration, now: @escaping @Sendable () -> Int64 = WallClock.now
    ) throws(ChannelConfigurationError) {
        guard configuration.chunkBytes > 0 else {
            throw ChannelConfigurationError(setting: "mesh.chunk_bytes", problem: "must be more than 0")
        }
        self.configuration = configuration
        self.now = now
        endpoint = try HTTPEndpoint(
            .init(
                url: configuration.baseURL, tls: configuration.tls, connectTimeout: configuration.connectTimeout,
                requestTimeout: configuration.requestTimeout, connections: 4,
                insecureLoopbackAllowed: configuration.insecureLoopbackAllowed,
                // A chunk is undone by itself, so the limit holds per answer.
                decompressionLimit: configuration.maximumBytes,
                // MESH has addresses on HSCN too.
                privateNetworkAllowed: true))
    }

    package func shutdown() async { await endpoint.shutdown() }

    // MARK: Mailbox

    /// Greets the mailbox: proves our credentials and tells MESH what we run on. Due once a day.
    package func handshake() async throws(MESHError) {
        _ = try await call(
            .POST, "",
            headers: ["mex-ClientVersion": "referral-hub", "mex-OSName": "Linux", "mex-OSVersion": "Linux"])
        let now = now()
        greetedAt.withLock { $0 = now }
    }

    /// Greets the mailbox if that was not done within the last 24 hours. Concurrent callers may both do it: harmless.
    package func handshakeIfDue() async throws(MESHError) {
        let last = greetedAt.withLock { $0 }
        if let last, now() - last < 86400 { return }
        try await handshake()
    }

    /// The mailboxes that an organisation has registered for a workflow.
    package func lookUp(ods: String, workflow: String) async throws(MESHError) -> [String] {
        struct Body: Decodable {
            struct Entry: Decodable { var mailbox_id: String }
            var results: [Entry]
        }
        let path = "/messageexchange/endpointlookup/\(Self.escaped(ods))/\(Self.escaped(workflow))"
        return try Self.decode(Body.self, try await answer(.GET, path).body).results.map(\.mailbox_id)
    }

    // MARK: Out

    /// Puts a message into another mailbox, in chunks where it is large, and returns MESH's id of it.
    ///
    /// When this throws `unknown`, MESH may have taken it: ask ``track(localID:)`` before sending again.
    package func send(_ message: MESHMessage) async throws(MESHError) -> String {
        struct Body: Decodable { var message_id: String }
        let total = max(1, (message.bytes.count + configuration.chunkBytes - 1) / configuration.chunkBytes)
        func chunk(_ number: Int) -> [UInt8] {
            total == 1
                ? message.bytes
                : Array(
                    message.bytes.dropFirst((number - 1) * configuration.chunkBytes).prefix(configuration.chunkBytes))
        }
        var headers: HTTPHeaders = [
            "Mex-To": message.to, "Mex-WorkflowID": message.workflow, "Mex-LocalID": message.localID,
            "Content-Type": total == 1 ? message.mediaType : "application/octet-stream",
        ]
        if let fileName = message.fileName { headers.add(name: "Mex-FileName", value: fileName) }
        if let subject = message.subject { headers.add(name: "Mex-Subject", value: subject) }
        if total > 1 {
            headers.add(name: "Mex-Chunk-Range", value: "1:\(total)")
            headers.add(name: "Mex-Content-Type", value: message.mediaType)
        }
        let first = try await call(.POST, "/outbox", headers: headers, body: chunk(1))
        // Taken, but its id could not be read: only a look-up by our own id can tell which it is.
        guard let id = try? Self.decode(Body.self, first.body).message_id else {
            throw MESHError(code: "answer_unreadable", text: "MESH's answer cannot be read", nature: .unknown)
        }
        for number in 1...total where number > 1 {
            _ = try await call(
                .POST, "/outbox/\(Self.escaped(id))/\(number)",
                headers: ["Mex-Chunk-Range": "\(number):\(total)", "Content-Type": "application/octet-stream"],
                body: chunk(number))
        }
        return id
    }

    /// What MESH has under our own id of a message.
    package func track(localID: String) async throws(MESHError) -> MESHLookUp {
        struct Body: Decodable { var messageId: String, localId: String?, status: String }
        let answer = try await call(.GET, "/outbox/tracking/\(Self.escaped(localID))", accepting: [300, 404])
        switch answer.status {
        case 404: return .absent
        case 300: return .several
        default:
            let body = try Self.decode(Body.self, answer.body)
            return .one(.init(messageID: body.messageId, localID: body.localId, state: try Self.state(body.status)))
        }
    }

    /// How far a message has come; `nil` when MESH does not know it (any more).
    package func track(messageID: String) async throws(MESHError) -> MESHStatus? {
        struct Body: Decodable { var message_id: String, local_id: String?, status: String }
        let answer = try await call(.GET, "/outbox/tracking?messageID=\(Self.escaped(messageID))", accepting: [404])
        if answer.status == 404 { return nil }
        let body = try Self.decode(Body.self, answer.body)
        return .init(messageID: body.message_id, localID: body.local_id, state: try Self.state(body.status))
    }

    // MARK: In

    /// What waits to be fetched, oldest first.
    /// - Parameters:
    ///   - maximum: 10 to 5000.
    ///   - workflow: only these, in MESH's filter form: `X`, `!X`, `X*`, `*X*`.
    ///   - continuing: `next` of the page before.
    package func inbox(
        maximum: Int = 500, workflow: String? = nil, continuing: String? = nil
    ) async throws(MESHError) -> MESHInboxPage {
        struct Body: Decodable {
            struct Links: Decodable { var next: String? }
            var messages: [String]
            var links: Links?
        }
        var path = "/inbox?max_results=\(maximum)"
        if let workflow { path += "&workflow_filter=\(Self.escaped(workflow))" }
        if let continuing { path += "&continue_from=\(Self.escaped(continuing))" }
        let body = try Self.decode(Body.self, try await call(.GET, path).body)
        let next = body.links?.next.flatMap { URLComponents(string: $0)?.queryItems }?
            .first { $0.name == "continue_from" }?.value
        return .init(messageIDs: body.messages, next: next)
    }

    /// A message's metadata without its payload.
    package func head(_ messageID: String) async throws(MESHError) -> MESHMetadata {
        try Self.metadata(try await call(.HEAD, "/inbox/\(Self.escaped(messageID))").headers)
    }

    /// Fetches a message with all its chunks. It stays in the inbox until it is acknowledged.
    package func download(_ messageID: String) async throws(MESHError) -> MESHReceived {
        var bytes: [UInt8] = []
        var metadata: MESHMetadata?
        var number = 1
        repeat {
            let path = "/inbox/\(Self.escaped(messageID))" + (number == 1 ? "" : "/\(number)")
            // Senders compress each chunk by itself, so that it is undone answer by answer, by the endpoint.
            let answer = try await call(
                .GET, path, headers: ["Accept-Encoding": "gzip"],
                maximumAnswer: configuration.maximumBytes - bytes.count)
            if number == 1 { metadata = try Self.metadata(answer.headers) }
            guard let body = answer.body else {
                throw answer.isTooLong ? MESHError.tooLarge : Self.brokenOff
            }
            bytes += body.readableBytesView
            number += 1
        } while number <= metadata?.chunks ?? 1
        guard let metadata else { throw Self.unreadable }
        return .init(metadata: metadata, bytes: bytes)
    }

    /// Says that a message is kept durably: MESH takes it out of the inbox. Repeating it is harmless.
    package func acknowledge(_ messageID: String) async throws(MESHError) {
        _ = try await call(.PUT, "/inbox/\(Self.escaped(messageID))/status/acknowledged")
    }

    // MARK: Calls

    /// A call on our mailbox. Answers with 2xx, or with one of `accepting`; everything else is thrown.
    private func call(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil, accepting: [Int] = [],
        maximumAnswer: Int = 4 << 20
    ) async throws(MESHError) -> HTTPEndpoint.Answer {
        try await answer(
            method, "/messageexchange/\(Self.escaped(configuration.mailbox))\(path)", headers: headers, body: body,
            accepting: accepting, maximumAnswer: maximumAnswer)
    }

    private func answer(
        _ method: HTTPMethod, _ path: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil, accepting: [Int] = [],
        maximumAnswer: Int = 4 << 20
    ) async throws(MESHError) -> HTTPEndpoint.Answer {
        var headers = headers
        headers.add(name: "Accept", value: "application/vnd.mesh.v2+json")
        headers.add(
            name: "Authorization",
            value: MESHAuthorization.header(
                mailbox: configuration.mailbox, password: configuration.password, sharedKey: configuration.sharedKey,
                nonce: UUID().uuidString.lowercased(), timestamp: String(CivilTime.digits(now()).prefix(12))))
        let answer: HTTPEndpoint.Answer
        do {
            answer = try await endpoint.exchange(
                method, configuration.baseURL + path, headers: headers, body: body, maximumAnswer: maximumAnswer)
        } catch { throw MESHError(error) }
        guard (200..<300).contains(answer.status) || accepting.contains(answer.status) else {
            throw MESHError(
                status: answer.status, meshCode: Self.meshCode(answer.body),
                retryAfter: RetryAfter.duration(answer.headers))
        }
        return answer
    }
}

extension MESHClient {
    static let unreadable = MESHError(
        code: "answer_unreadable", text: "MESH's answer cannot be read", nature: .retryable(after: nil))

    private static let brokenOff = MESHError(
        code: "answer_broken_off", text: "the message broke off while it was fetched", nature: .retryable(after: nil))

    /// The code of MESH's error shape v2: `{"detail":[{"event","code","msg"}]}`.
    static func meshCode(_ body: ByteBuffer?) -> String? {
        struct Body: Decodable {
            struct Detail: Decodable { var code: String? }
            var detail: [Detail]
        }
        return (try? decode(Body.self, body))?.detail.first?.code
    }

    static func metadata(_ headers: HTTPHeaders) throws(MESHError) -> MESHMetadata {
        guard let id = headers.first(name: "Mex-MessageID") else { throw unreadable }
        return .init(
            messageID: id,
            kind: headers.first(name: "Mex-MessageType").flatMap { .init(rawValue: $0.uppercased()) } ?? .data,
            from: headers.first(name: "Mex-From"), to: headers.first(name: "Mex-To") ?? "",
            workflow: headers.first(name: "Mex-WorkflowID") ?? "", localID: headers.first(name: "Mex-LocalID"),
            linkedMessageID: headers.first(name: "Mex-LinkedMsgId"), fileName: headers.first(name: "Mex-FileName"),
            subject: headers.first(name: "Mex-Subject"),
            mediaType: headers.first(name: "Mex-Content-Type") ?? headers.first(name: "Content-Type"),
            statusCode: headers.first(name: "Mex-StatusCode"),
            statusSuccess: headers.first(name: "Mex-StatusSuccess")?.uppercased() != "ERROR",
            chunks: headers.first(name: "Mex-Total-Chunks").flatMap(Int.init) ?? 1)
    }

    private static func state(_ text: String) throws(MESHError) -> MESHStatus.State {
        guard let state = MESHStatus.State(rawValue: text.lowercased()) else { throw unreadable }
        return state
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ body: ByteBuffer?) throws(MESHError) -> T {
        guard let body, let value = try? JSONDecoder().decode(type, from: Data(body.readableBytesView)) else {
            throw unreadable
        }
        return value
    }

    /// Percent-encoding of everything but RFC 3986's unreserved characters.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let character = Character(UnicodeScalar(byte))
            if byte < 128, character.isLetter || character.isNumber || "-._~".contains(character) {
                result.append(character)
            } else {
                let code = String(byte, radix: 16, uppercase: true)
                result += "%" + (code.count == 1 ? "0" : "") + code
            }
        }
        return result
    }
}
