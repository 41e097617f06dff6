import CryptoExtras
package import NIOSSL
import SwiftASN1
import X509

/// Whether a certificate's key is one that can be relied on.
///
/// BoringSSL takes RSA keys of 1024 bits without a word; NCSC and NIST SP 800-131A ask for 2048 (and all curves that TLS
/// knows are strong enough).
package enum CertificateStrength {
    static let fewestBits = 2048

    /// The other side showed a certificate whose key is too short, or none.
    struct Weak: Error {}

    /// Whether a certificate can be read, and its key is long enough.
    package static func isStrong(_ certificate: NIOSSLCertificate) -> Bool { (try? check(certificate)) != nil }

    /// - Throws: ``Weak``.
    static func check(_ certificate: NIOSSLCertificate?) throws(Weak) {
        do {
            guard let certificate else { throw Weak() }
            let key = try Certificate(derEncoded: certificate.toDERBytes()).publicKey
            guard let rsa = _RSA.Signing.PublicKey(key) else { return }
            if rsa.keySizeInBits < fewestBits { throw Weak() }
        } catch {
            throw Weak()
        }
    }
}
