import CryptoExtras
import NIOSSL
import SwiftASN1
package import X509

/// Whether a certificate's key is one that can be relied on.
///
/// BoringSSL takes RSA keys of 1024 bits without a word; NCSC and NIST SP 800-131A ask for 2048 (and all curves that TLS
/// knows are strong enough).
package enum CertificateStrength {
    static let fewestBits = 2048

    /// The other side showed a certificate whose key is too short, or none.
    struct Weak: Error {}

    /// Whether a certificate's key is long enough.
    package static func isStrong(_ certificate: Certificate) -> Bool {
        _RSA.Signing.PublicKey(certificate.publicKey).map { $0.keySizeInBits >= fewestBits } ?? true
    }

    /// - Throws: ``Weak``.
    static func check(_ certificate: NIOSSLCertificate?) throws(Weak) {
        do {
            guard let certificate else { throw Weak() }
            if !isStrong(try Certificate(derEncoded: certificate.toDERBytes())) { throw Weak() }
        } catch {
            throw Weak()
        }
    }
}
