import FoundationEssentials
import JWTKit
import Referral

/// What an identity provider vouches for about somebody who has just signed in there (OpenID Connect Core 1.0, section 2).
struct IDToken: Sendable, Hashable {
    /// Why one lets nobody in. What is told of it holds nothing of the person.
    enum Refusal: Error, Sendable, Hashable {
        case malformed
        case algorithm
        case key
        case issuer
        case audience
        case expired
        case notYet
        case nonce
        case secondFactor
        case name
        case role
    }

    /// What a token must say, and where it says it.
    struct Expectation: Sendable {
        var issuer: String
        var clientID: String
        /// Where the user name stands.
        var nameClaim: String
        /// Where the roles stand, as texts.
        var rolesClaim: String
        /// Any of these authentication context classes (`acr`), or any of these methods (`amr`, RFC 8176), is a second factor.
        var contexts: Set<String>
        var methods: Set<String>
    }

    /// Asymmetric ones alone: no secret of ours is ever a key.
    static let algorithms: Set<String> = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ]
    /// How far the provider's clock may differ, in seconds.
    private static let leeway: Int64 = 60
    /// How long ago one may have been made, in seconds.
    private static let oldest: Int64 = 600

    /// The provider's own id for somebody, for ever.
    let subject: String
    let name: String
    /// As the provider calls them.
    let roles: [String]

    /// - Parameters:
    ///   - nonce: That with which the sign-in was begun.
    ///   - second: Now, since 1970.
    /// - Throws: ``Refusal``.
    init(_ token: JSONWebToken, _ expected: Expectation, nonce: String, at second: Int64) throws(Refusal) {
        guard token.claims["iss"]?.stringValue == expected.issuer else { throw .issuer }
        guard let audiences = token.texts("aud"), audiences.contains(expected.clientID) else { throw .audience }
        // For several it says who asked for it (section 3.1.3.7, steps 4 and 5).
        let party = token.claims["azp"]
        guard
            audiences.count == 1
                ? party == nil || party?.stringValue == expected.clientID
                : party?.stringValue == expected.clientID
        else { throw .audience }
        guard let subject = token.name("sub"), let ends = token.second("exp"), let made = token.second("iat") else {
            throw .malformed
        }
        guard ends > second - Self.leeway, made > second - Self.oldest else { throw .expired }
        guard made <= second + Self.leeway else { throw .notYet }
        guard token.claims["nonce"]?.stringValue == nonce else { throw .nonce }
        let context = token.claims["acr"]?.stringValue
        guard
            context.map(expected.contexts.contains) ?? false
                || !expected.methods.isDisjoint(with: token.texts("amr") ?? [])
        else { throw .secondFactor }
        guard let name = token.name(expected.nameClaim) else { throw .name }
        self.subject = subject
        self.name = name
        roles = token.texts(expected.rolesClaim) ?? []
    }

    /// Whether a token is signed by the one of these keys (RFC 7517) that it names; nil where none of them is named so.
    static func isSigned(_ token: JSONWebToken, byOneOf keys: [UInt8]) async -> Bool? {
        guard let set = (try? StrictJSON.parse(keys))?["keys"]?.arrayValue else { return false }
        // Those for other uses, and of kinds that nobody signs with here, need not be understood.
        let signing = set.filter { $0["use"] == nil || $0["use"]?.stringValue == "sig" }
        let named = signing.filter { token.kid == nil ? signing.count == 1 : $0["kid"]?.stringValue == token.kid }
        guard let one = named.first else { return nil }
        guard named.count == 1, algorithms.contains(token.algorithm),
            var key = try? JSONDecoder().decode(JWK.self, from: Data(StrictJSON.write(one)))
        else { return false }
        // Without a name of its own it cannot be kept; what the token then names is nothing.
        if key.keyIdentifier == nil { key.keyIdentifier = "only" }
        let collection = JWTKeyCollection()
        guard (try? await collection.add(jwk: key, isDefault: true)) != nil else { return false }
        return (try? await collection.verify(token.text, as: Anything.self)) != nil
    }

    /// A payload of which nothing is read: that is done strictly, by ``JSONWebToken``.
    private struct Anything: JWTPayload {
        func verify(using algorithm: some JWTAlgorithm) {}
    }
}
