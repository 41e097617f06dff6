import FoundationEssentials
import JWTKit

/// Proves who we are to an authorization server: a signed JWT in place of a password (`private_key_jwt`, RFC 7523
/// section 2.2; NHS developer hub, "signed JWT authentication").
struct ClientAssertion: Sendable {
    /// How long an assertion is good for, in seconds. The NHS takes at most five minutes by its own clock.
    static let lifetime: Int64 = 240

    private enum Key: Sendable {
        case rsa(Insecure.RSA.PrivateKey)
        case ecdsa(ES256PrivateKey)
    }

    private struct Claims: JWTPayload {
        var iss: String
        var sub: String
        /// One text: an array is refused by some servers.
        var aud: String
        var jti: String
        var exp: Int64

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    private let clientID: String
    private let audience: String
    private let keyID: String
    private let algorithm: OAuthClient.Algorithm
    private let key: Key

    /// - Throws: ``ChannelConfigurationError``, which never repeats the key.
    init(_ client: OAuthClient) throws(ChannelConfigurationError) {
        clientID = client.clientID
        audience = client.tokenURL
        keyID = client.keyID
        algorithm = client.algorithm
        let privateKey = client.privateKey
        do {
            key =
                switch algorithm {
                case .rs512, .ps256: .rsa(try Insecure.RSA.PrivateKey(pem: privateKey))
                case .es256: .ecdsa(try ES256PrivateKey(pem: privateKey))
                }
        } catch {
            throw ChannelConfigurationError(
                setting: "oauth.key",
                problem: "is no PEM private key for \(algorithm.rawValue): "
                    + (algorithm == .es256 ? "it takes one on the curve P-256" : "it takes RSA of 2048 bits or more"))
        }
    }

    /// A new assertion, good for one call.
    /// - Parameter now: seconds since 1970.
    func token(now: Int64) async throws -> String {
        let keys = JWTKeyCollection()
        let kid = JWKIdentifier(string: keyID)
        switch (algorithm, key) {
        case (.ps256, .rsa(let key)): await keys.add(pss: key, digestAlgorithm: .sha256, kid: kid)
        case (_, .rsa(let key)): await keys.add(rsa: key, digestAlgorithm: .sha512, kid: kid)
        case (_, .ecdsa(let key)): await keys.add(ecdsa: key, kid: kid)
        }
        let claims = Claims(
            iss: clientID, sub: clientID, aud: audience, jti: UUID().uuidString.lowercased(), exp: now + Self.lifetime)
        return try await keys.sign(claims, kid: kid)
    }
}
