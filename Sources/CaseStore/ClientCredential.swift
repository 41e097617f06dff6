package import Postgres

/// By which TLS certificate a caller is known.
package enum CertificateMark: Sendable, Hashable {
    /// SHA-256 of the certificate's SubjectPublicKeyInfo, whoever issued it.
    case key([UInt8])
    /// A DNS name in a certificate of the installation's authorities.
    case name(String)
}

/// Whose a certificate is that a caller shows.
package enum CertificateHolder: Sendable, Hashable {
    /// An enabled partner's.
    case partner(Partner)
    /// One that was revoked, a disabled partner's, or one with the names of several.
    case refused
    case nobody
}

/// A TLS certificate by which a partner is known.
package struct KnownCertificate: Sendable, Hashable {
    package var id: UUIDValue
    package var partner: String
    package var mark: CertificateMark
    package var addedAt: Timestamp
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
}

/// A partner's public key, by which it signs for access tokens.
package struct KnownClientKey: Sendable, Hashable {
    package var partner: String
    /// The partner's own name for it.
    package var kid: String
    /// SubjectPublicKeyInfo in PEM.
    package var pem: String
    package var addedAt: Timestamp
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
}
