import CaseStore
import Channels
import Postgres
import Vault

/// Gives access tokens to partners that prove by a signature who they are (OAuth 2.0 client credentials, RFC 6749 section
/// 4.4, with `private_key_jwt`, RFC 7523).
struct TokenServer: Sendable {
    /// The address by which the server calls itself, to which a proof must be addressed.
    let url: String
    private let database: Database
    private let store: CaseStore
    private let vault: Vault
    private let credentials: Credentials

    init(url: String, credentials: Credentials, _ installation: Installation) {
        let installation = installation.acting(as: .ingest)
        self.url = url
        self.credentials = credentials
        database = installation.database
        store = installation.store
        vault = installation.vault
    }

    /// A token for whoever signed a proof; bound to the certificate where one is shown.
    ///
    /// - Throws: ``SignedAssertion/Refusal``.
    func token(
        for text: String, clientID: String?, with certificate: ClientCertificate?, at second: Int64 = WallClock.now()
    ) async throws -> String {
        let assertion = try SignedAssertion(text)
        if let certificate, try await credentials.holder(of: certificate) == .refused {
            throw SignedAssertion.Refusal.key
        }
        let found = try await database.read { [store] connection in
            try store.clientKey(kid: assertion.kid, of: assertion.issuer, in: connection)
        }
        guard let (partner, pem) = found, let key = try? ClientKey(pem: pem) else {
            throw SignedAssertion.Refusal.key
        }
        guard await key.isSigner(of: assertion.text, by: assertion.algorithm) else { throw SignedAssertion.Refusal.key }
        try assertion.check(for: url, clientID: clientID, at: second)
        let forgotten = Timestamp(microseconds: (assertion.ends + 2 * SignedAssertion.leeway) * 1_000_000)
        let isNew = try await database.transaction { [store] connection in
            try store.useAssertion(assertion.id, of: partner.id, expiresAt: forgotten, in: connection)
        }
        guard isNew else { throw SignedAssertion.Refusal.replayed }
        return AccessToken(
            partner: partner.id, kid: assertion.kid, ends: second + AccessToken.lifetime,
            thumbprint: certificate?.thumbprint
        ).text(sealedBy: vault)
    }
}
