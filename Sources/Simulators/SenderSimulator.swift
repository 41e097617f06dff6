import AsyncHTTPClient
import Channels
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// Partner systems that tell the hub about invented persons at a gentle pace, in all five formats, by the real protocols.
package struct SenderSimulator: Sendable {
    package struct Configuration: Sendable {
        /// `http://127.0.0.1:8080` or `https://…`.
        package var hub: String
        /// Trusted for `hub`; the system's authorities when left alone.
        package var certificateAuthority: String?
        /// Host and port of the hub's MLLP listener for the hospital; without it the hospital posts as others do.
        package var mllp: (host: String, port: Int)?
        /// `<drop>`, which holds a folder per partner.
        package var drop: String
        /// A credential per partner id, for those that post.
        package var keys: [String: String]
        /// The partner that speaks for each kind. Kinds left out are silent.
        package var partners: [SimulatedDocument.Kind: String]
        /// Between two messages.
        package var interval: Duration
        /// Ends after so many messages; `nil` goes on for ever.
        package var count: Int?
        package var seed: UInt64
        /// How many persons there are; the same person is told about by several partners.
        package var persons: Int

        package init(
            hub: String, certificateAuthority: String? = nil, mllp: (host: String, port: Int)? = nil, drop: String,
            keys: [String: String],
            partners: [SimulatedDocument.Kind: String] = Self.everyPartner, interval: Duration = .seconds(4),
            count: Int? = nil, seed: UInt64 = 1, persons: Int = 60
        ) {
            self.hub = hub
            self.certificateAuthority = certificateAuthority
            self.mllp = mllp
            self.drop = drop
            self.keys = keys
            self.partners = partners
            self.interval = interval
            self.count = count
            self.seed = seed
            self.persons = persons
        }

        package static let everyPartner = Dictionary(
            uniqueKeysWithValues: SimulatedDocument.Kind.allCases.map { ($0, $0.partner) })

        /// Reads credentials from a file of the form `{"uhdb": "…", …}`, so that none is on a command line.
        package static func keys(file: String) throws -> [String: String] {
            try JSONDecoder().decode([String: String].self, from: Data(contentsOf: URL(filePath: file)))
        }
    }

    private let configuration: Configuration
    private let say: @Sendable (String) -> Void

    /// - Parameter say: takes one line per message: who, what, how answered. No personal data.
    package init(configuration: Configuration, say: @escaping @Sendable (String) -> Void) {
        self.configuration = configuration
        self.say = say
    }

    /// Sends until it is cancelled or has sent `count` messages.
    package func run() async throws {
        var http = HTTPClient.Configuration(redirectConfiguration: .disallow)
        if let authority = configuration.certificateAuthority {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(authority)
            http.tlsConfiguration = tls
        }
        let client = HTTPClient(configuration: http)
        let kinds = SimulatedDocument.Kind.allCases.filter { configuration.partners[$0] != nil }
        // Ids are unique for ever: the start of this run, then a number.
        let start = String(WallClock.now(), radix: 36).uppercased()
        var number = 0
        do {
            while !kinds.isEmpty, number < configuration.count ?? .max {
                let kind = kinds[number % kinds.count]
                let partner = configuration.partners[kind] ?? kind.partner
                // A step that shares no factor with the pool's size walks through all of it.
                let person = InventedPerson(seed: configuration.seed, number: number * 7 % configuration.persons)
                let document = SimulatedDocument(
                    kind: kind, partner: partner, person: person, id: "\(start)\(InventedPerson.pad(number, 6))",
                    at: WallClock.now())
                await send(document, from: partner, with: client)
                number += 1
                try await Task.sleep(for: configuration.interval)
            }
        } catch is CancellationError {}
        try await client.shutdown()
    }

    private func send(_ document: SimulatedDocument, from partner: String, with client: HTTPClient) async {
        let result: String
        do {
            if document.kind.isDropped {
                try DropWriter(folder: "\(configuration.drop)/\(partner)/in").write(document.fileName, document.bytes)
                result = "dropped  \(document.fileName)"
            } else if document.kind == .hospital, let mllp = configuration.mllp {
                let answer = try await MLLPSender(host: mllp.host, port: mllp.port).send(document.bytes)
                result = "sent     \(answer.code)   \(answer.text)"
            } else {
                result = "posted   \(try await post(document, from: partner, with: client))"
            }
        } catch {
            result = "not sent: the hub could not be reached"
        }
        say("\(column(partner, 22)) \(column(document.kind.format, 15)) \(result)")
    }

    private func post(
        _ document: SimulatedDocument, from partner: String, with client: HTTPClient
    ) async throws -> String {
        var request = HTTPClientRequest(url: configuration.hub + "/v1/referrals")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: document.mediaType)
        if let key = configuration.keys[partner] { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        request.body = .bytes(ByteBuffer(bytes: document.bytes))
        let response = try await client.execute(request, timeout: .seconds(15))
        let body = try await response.body.collect(upTo: 1 << 20)
        struct Receipt: Decodable { var receipt_id: String? }
        let receipt = try? JSONDecoder().decode(Receipt.self, from: Data(body.readableBytesView))
        return "\(response.status.code)" + (receipt?.receipt_id.map { "  receipt \($0)" } ?? "")
    }

    private func column(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
