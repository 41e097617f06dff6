import FoundationEssentials
import NIOCore
import NIOHTTP1
import Referral
import Synchronization

/// The council's identity provider, as somebody who signs people in by it sees it: OpenID Connect Core 1.0 with discovery,
/// the authorization code flow and PKCE (RFC 7636).
package final class OpenIDProvider: Sendable {
    package struct Configuration: Sendable {
        /// As the provider calls itself, an https address.
        package var issuer: String
        package var clientID: String
        /// What the provider knows us by besides. A secret.
        package var clientSecret: String
        package var tls: TLSFiles
        package var privateNetworkAllowed: Bool
        package var insecureLoopbackAllowed: Bool

        package init(
            issuer: String, clientID: String, clientSecret: String, tls: TLSFiles = TLSFiles(),
            privateNetworkAllowed: Bool = false, insecureLoopbackAllowed: Bool = false
        ) {
            self.issuer = issuer
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.tls = tls
            self.privateNetworkAllowed = privateNetworkAllowed
            self.insecureLoopbackAllowed = insecureLoopbackAllowed
        }
    }

    /// Why nobody can be signed in now. What is told of it holds nothing of the person.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// What the provider says of itself (OpenID Connect Discovery 1.0, section 3).
    package struct Metadata: Sendable {
        package var authorizationEndpoint: String
        fileprivate var tokenEndpoint: String
        fileprivate var keysURL: String
    }

    private struct Held {
        var metadata: (value: Metadata, until: ContinuousClock.Instant)?
        var keys: (text: [UInt8], at: ContinuousClock.Instant)?
    }

    private static let keptFor: Duration = .seconds(3_600)
    /// Keys are fetched again for one that is not known, and no oftener.
    private static let keysKeptFor: Duration = .seconds(60)

    package let issuer: String
    package let clientID: String
    private let configuration: Configuration
    private let endpoints = Mutex<[String: HTTPEndpoint]>([:])
    private let held = Mutex(Held())

    /// - Throws: ``ChannelConfigurationError`` where the issuer's address or the TLS files cannot be used.
    package init(_ configuration: Configuration) throws(ChannelConfigurationError) {
        self.configuration = configuration
        issuer = configuration.issuer
        clientID = configuration.clientID
        _ = try endpoint(of: configuration.issuer)
    }

    /// What the provider says of itself, fetched once an hour.
    ///
    /// - Throws: ``Failure``.
    package func metadata() async throws -> Metadata {
        if let metadata = held.withLock({ $0.metadata }), metadata.until > .now { return metadata.value }
        let address = issuer + (issuer.hasSuffix("/") ? "" : "/") + ".well-known/openid-configuration"
        let said = try object(of: try await exchange(.GET, address), "the provider's description")
        guard said["issuer"]?.stringValue == issuer else {
            throw Failure(description: "the provider calls itself otherwise than the configured issuer")
        }
        guard let authorization = said["authorization_endpoint"]?.stringValue,
            let token = said["token_endpoint"]?.stringValue, let keys = said["jwks_uri"]?.stringValue
        else { throw Failure(description: "the provider's description lacks an endpoint") }
        let metadata = Metadata(authorizationEndpoint: authorization, tokenEndpoint: token, keysURL: keys)
        held.withLock { $0.metadata = (metadata, .now + Self.keptFor) }
        return metadata
    }

    /// The ID token for a code, once.
    ///
    /// - Parameter verifier: That of which the code was asked for with the SHA-256 (RFC 7636 section 4.5).
    /// - Throws: ``Failure``.
    package func idToken(for code: String, verifier: String, redirect: String) async throws -> String {
        let metadata = try await metadata()
        let form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ]
        let body = form.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")
        // client_secret_basic, each part encoded first (RFC 6749 section 2.3.1).
        let credentials = Data(
            "\(Self.encoded(clientID)):\(Self.encoded(configuration.clientSecret))".utf8
        ).base64EncodedString()
        let answer = try await exchange(
            .POST, metadata.tokenEndpoint,
            headers: [
                "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
                "Authorization": "Basic \(credentials)",
            ], body: Array(body.utf8))
        guard let token = try object(of: answer, "the token answer")["id_token"]?.stringValue else {
            throw Failure(description: "the provider gave no ID token")
        }
        return token
    }

    /// The provider's keys as JSON (RFC 7517), fetched at most once a minute.
    ///
    /// - Parameter isMissing: Whether one that is wanted was not among those that are held.
    package func keys(isMissing: Bool) async throws -> [UInt8] {
        if let keys = held.withLock({ $0.keys }),
            keys.at.duration(to: .now) < (isMissing ? Self.keysKeptFor : Self.keptFor)
        {
            return keys.text
        }
        let answer = try await exchange(.GET, try await metadata().keysURL)
        _ = try object(of: answer, "the provider's keys")
        guard let body = answer.body else { throw Failure(description: "the provider's keys cannot be read") }
        let text = Array(body.readableBytesView)
        held.withLock { $0.keys = (text, .now) }
        return text
    }

    package func shutdown() async {
        for endpoint in endpoints.withLock({ Array($0.values) }) { await endpoint.shutdown() }
    }

    // MARK: Requests

    private func exchange(
        _ method: HTTPMethod, _ url: String, headers: HTTPHeaders = ["Accept": "application/json"], body: [UInt8]? = nil
    ) async throws -> HTTPEndpoint.Answer {
        let answer: HTTPEndpoint.Answer
        do {
            answer = try await endpoint(of: url).exchange(method, url, headers: headers, body: body)
        } catch let failure as HTTPEndpoint.Failure {
            throw Failure(description: "the provider does not answer: \(failure.text)")
        } catch let error as ChannelConfigurationError {
            throw Failure(description: "the provider names an address that cannot be used: \(error.problem)")
        }
        guard answer.status == 200 else {
            throw Failure(description: "the provider answers with status \(answer.status)")
        }
        return answer
    }

    private func object(of answer: HTTPEndpoint.Answer, _ what: String) throws -> Value {
        guard let body = answer.body, let value = try? StrictJSON.parse(Array(body.readableBytesView)),
            value.objectValue != nil
        else { throw Failure(description: "\(what) is no JSON object") }
        return value
    }

    /// The way to the host of an address; the provider's endpoints need not be on one.
    private func endpoint(of url: String) throws(ChannelConfigurationError) -> HTTPEndpoint {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme, let host = parts.host else {
            throw ChannelConfigurationError(setting: "issuer", problem: "not an address of the form https://host/path")
        }
        let origin = "\(scheme)://\(host):\(parts.port ?? 443)"
        if let known = endpoints.withLock({ $0[origin] }) { return known }
        let made = try HTTPEndpoint(
            .init(
                url: url, tls: configuration.tls, connectTimeout: .seconds(5), requestTimeout: .seconds(10),
                connections: 4, insecureLoopbackAllowed: configuration.insecureLoopbackAllowed, decompressionLimit: nil,
                privateNetworkAllowed: configuration.privateNetworkAllowed))
        let (kept, spare) = endpoints.withLock { endpoints -> (HTTPEndpoint, HTTPEndpoint?) in
            if let known = endpoints[origin] { return (known, made) }
            endpoints[origin] = made
            return (made, nil)
        }
        // Made at the same moment by another: nobody has used it.
        if let spare { Task { await spare.shutdown() } }
        return kept
    }

    /// For a form or an address: letters, digits and `-._~` as they are (RFC 3986 section 2.3).
    package static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                byte < 0x80
                && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte)
                    || "-._~".unicodeScalars.contains(scalar))
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + digits
        }.joined()
    }
}
