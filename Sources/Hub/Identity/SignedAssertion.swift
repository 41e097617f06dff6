import Referral

/// What a client signs to prove who it is (`private_key_jwt`: RFC 7523 section 3, RFC 7515), read strictly: an object that
/// names a member twice, a header that wants more than is understood here, or a value of another type refuses it.
struct SignedAssertion: Sendable, Hashable {
    /// Why one is refused. What is told of it names no value of the assertion.
    enum Refusal: Error, Sendable, Hashable {
        case malformed
        case algorithm
        /// No such key, or not its signature: whoever has signed nothing learns no more.
        case key
        case issuer
        /// Not for this server, which calls itself so.
        case audience(expected: String)
        case expired
        case tooLong
        case notYet
        case replayed

        var text: String {
            switch self {
            case .malformed: "client_assertion is no signed JWT with iss, sub, aud, exp and jti"
            case .algorithm: "alg must be one of \(ClientKey.allAlgorithms.joined(separator: ", "))"
            case .key: "Signed by no key of an enabled partner: check iss, kid, alg and the key"
            case .issuer: "iss and sub must be the same, and client_id where it is given"
            case .audience(let expected): "aud must be \(expected)"
            case .expired: "exp has passed"
            case .tooLong: "exp is more than five minutes ahead"
            case .notYet: "iat or nbf is ahead of this server's clock"
            case .replayed: "jti was used before"
            }
        }
    }

    /// How far ahead an assertion may end, in seconds.
    static let longest: Int64 = 300
    /// How far the clocks of the two sides may differ, in seconds.
    static let leeway: Int64 = 30
    let text: String
    let algorithm: String
    let kid: String
    let issuer: String
    /// The client's own id of it, to be taken once.
    let id: String
    /// When it ends, in seconds since 1970.
    let ends: Int64
    private let subject: String
    private let audiences: [String]
    private let starts: [Int64]

    /// - Throws: ``Refusal/malformed`` or ``Refusal/algorithm``.
    init(_ text: String) throws(Refusal) {
        guard let token = try? JSONWebToken(text) else { throw .malformed }
        guard ClientKey.allAlgorithms.contains(token.algorithm) else { throw .algorithm }
        guard let kid = token.kid, let issuer = token.name("iss"), let subject = token.claims["sub"]?.stringValue,
            let id = token.name("jti"), let ends = token.second("exp"), let audiences = token.texts("aud")
        else { throw .malformed }
        var starts: [Int64] = []
        for name in ["iat", "nbf"] where token.claims[name] != nil {
            guard let second = token.second(name) else { throw .malformed }
            starts.append(second)
        }
        self.text = text
        algorithm = token.algorithm
        self.kid = kid
        self.issuer = issuer
        self.id = id
        self.ends = ends
        self.subject = subject
        self.audiences = audiences
        self.starts = starts
    }

    /// Whether it may be used now, for a server that calls itself by `audience`, by whoever signed it.
    ///
    /// - Parameter clientID: Where the request names one beside.
    func check(for audience: String, clientID: String?, at second: Int64) throws(Refusal) {
        guard issuer == subject, clientID == nil || clientID == issuer else { throw .issuer }
        guard audiences.contains(audience) else { throw .audience(expected: audience) }
        guard ends > second - Self.leeway else { throw .expired }
        guard ends <= second + Self.longest + Self.leeway else { throw .tooLong }
        guard starts.allSatisfy({ $0 <= second + Self.leeway }) else { throw .notYet }
    }
}
