import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Referral
import Translation

/// Care workers: they look at what has come in, record the Shared Agreements that some persons sign, ask for shares, and
/// now and then pass on that somebody has withdrawn.
///
/// Persons are told apart by their ids alone, as a case system would do it. Out of every five new persons, two agree that
/// both Derby Homes and the hospital trust may be told, one agrees for Derby Homes only, one for the trust but withdraws
/// before anything is asked, and one agrees to nothing.
package struct WorkerSimulator: Sendable {
    package struct Configuration: Sendable {
        /// `http://127.0.0.1:8480` or `https://…`.
        package var hub: String
        /// The API key of a staff system.
        package var key: String
        /// Between two looks at what has come in.
        package var interval: Duration

        package init(hub: String, key: String, interval: Duration = .seconds(2)) {
            self.hub = hub
            self.key = key
            self.interval = interval
        }
    }

    private static let recipients = [("derby_homes", "housing_support"), ("uhdb", "care_support")]

    private let configuration: Configuration
    private let say: @Sendable (String) -> Void

    /// - Parameter say: takes one line per request: what was asked, how it was answered. No personal data.
    package init(configuration: Configuration, say: @escaping @Sendable (String) -> Void) {
        self.configuration = configuration
        self.say = say
    }

    /// Works until it is cancelled; goes on after the newest referral it has seen.
    package func run() async throws {
        let client = HTTPClient(configuration: .init(redirectConfiguration: .disallow))
        var last: String?
        var met: Set<String> = []
        do {
            while true {
                let path = "/v1/referrals?limit=20" + (last.map { "&after=\($0)" } ?? "")
                let listed = try? await call(client, .GET, path, body: nil)
                for entry in listed?["referrals"]?.arrayValue ?? [] {
                    last = entry["referral_id"]?.stringValue ?? last
                    guard let person = entry["person_id"]?.stringValue, met.insert(person).inserted else { continue }
                    await attend(to: person, number: met.count, with: client)
                    try await Task.sleep(for: configuration.interval / 4)
                }
                try await Task.sleep(for: configuration.interval)
            }
        } catch is CancellationError {}
        try await client.shutdown()
    }

    /// One person: the agreement that they sign, if any, and a request for each recipient.
    private func attend(to person: String, number: Int, with client: HTTPClient) async {
        let agreed: [(String, String)] =
            switch number % 5 {
            case 0, 1: Self.recipients
            case 2: [Self.recipients[0]]
            case 3: [Self.recipients[1]]
            default: []
            }
        if !agreed.isEmpty {
            let body: Value = [
                "person_id": .string(person),
                "signed_on": .string(CivilDay.today()),
                "signed_by": "subject",
                "scope": .array(agreed.map { ["recipient": .string($0.0), "purposes": [.string($0.1)]] }),
            ]
            let added = try? await call(client, .POST, "/v1/agreements", body: body)
            if number % 5 == 3, let id = added?["agreement_id"]?.stringValue {
                _ = try? await call(client, .POST, "/v1/agreements/\(id)/withdrawals", body: nil)
            }
        }
        for (recipient, purpose) in Self.recipients {
            let body: Value = [
                "person_id": .string(person), "recipient": .string(recipient), "purpose": .string(purpose),
                "requested_by": "worker-7",
            ]
            guard let share = try? await call(client, .POST, "/v1/shares", body: body) else {
                say("care worker            share           not asked: the hub could not be reached")
                continue
            }
            let outcome = share["decision"]?["outcome"]?.stringValue ?? "no answer"
            let reason = share["decision"]?["reason"]?.stringValue ?? ""
            say("care worker            share           with \(recipient) for \(purpose): \(outcome) \(reason)")
        }
    }

    private func call(_ client: HTTPClient, _ method: HTTPMethod, _ path: String, body: Value?) async throws -> Value {
        var request = HTTPClientRequest(url: configuration.hub + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(configuration.key)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: StrictJSON.write(body)))
        }
        let response = try await client.execute(request, timeout: .seconds(15))
        let bytes = try await response.body.collect(upTo: 4 << 20)
        return try StrictJSON.parse(Array(bytes.readableBytesView))
    }
}

/// Today, in UTC, as `yyyy-mm-dd`.
private enum CivilDay {
    static func today() -> String {
        String(Date.now.formatted(.iso8601).prefix(10))
    }
}
