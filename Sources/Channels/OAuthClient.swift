/// Who we are to a partner's authorization server (OAuth 2.0 client credentials, RFC 6749 section 4.4), proved by a signed
/// JWT: `private_key_jwt`.
package struct OAuthClient: Sendable {
    /// How the JWT is signed (RFC 7518, section 3.1).
    package enum Algorithm: String, Sendable, CaseIterable {
        /// What the NHS asks for.
        case rs512 = "RS512"
        case ps256 = "PS256"
        case es256 = "ES256"
    }

    /// Where tokens are fetched, exactly as the server calls itself: it stands in the JWT.
    package var tokenURL: String
    package var clientID: String
    /// The private key in PEM. A secret.
    package var privateKey: String
    /// Under which the server knows the public key.
    package var keyID: String
    package var algorithm: Algorithm
    /// What is asked for. Left alone: nothing in particular.
    package var scope: String?
    /// How the authorization server is trusted, and what is shown to it.
    package var tls: TLSFiles

    package init(
        tokenURL: String, clientID: String, privateKey: String, keyID: String, algorithm: Algorithm,
        scope: String? = nil, tls: TLSFiles = TLSFiles()
    ) {
        self.tokenURL = tokenURL
        self.clientID = clientID
        self.privateKey = privateKey
        self.keyID = keyID
        self.algorithm = algorithm
        self.scope = scope
        self.tls = tls
    }
}
