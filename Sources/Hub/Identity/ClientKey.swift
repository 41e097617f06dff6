import Crypto
import CryptoExtras
import JWTKit
import SwiftASN1
import X509

/// A public key by which a client signs for access tokens, and the algorithms that it may sign with: an RSA key of 2048
/// bits or more by RS512 or PS256, a P-256 key by ES256, an Ed25519 key by EdDSA.
package struct ClientKey: Sendable {
    private enum Kind: Sendable {
        case rsa(JWTKit.Insecure.RSA.PublicKey)
        case p256(ES256PublicKey)
        case ed25519(EdDSA.PublicKey)
    }

    /// Why a key cannot be used.
    package struct Unusable: Error, CustomStringConvertible {
        package var description: String {
            "is no public key in PEM of RSA with 2048 bits or more, of the curve P-256, or Ed25519"
        }
    }

    private let kind: Kind

    /// - Parameter pem: SubjectPublicKeyInfo.
    /// - Throws: ``Unusable``.
    package init(pem: String) throws(Unusable) {
        do {
            let key = try Certificate.PublicKey(pemEncoded: pem)
            if let rsa = _RSA.Signing.PublicKey(key), rsa.keySizeInBits >= 2048 {
                kind = .rsa(try JWTKit.Insecure.RSA.PublicKey(pem: pem))
            } else if P256.Signing.PublicKey(key) != nil {
                kind = .p256(try ES256PublicKey(pem: pem))
            } else if let edwards = Curve25519.Signing.PublicKey(key) {
                kind = .ed25519(EdDSA.PublicKey(backing: edwards))
            } else {
                throw Unusable()
            }
        } catch {
            throw Unusable()
        }
    }

    /// What the key may sign with, by the names of RFC 7518 and RFC 8037.
    package var algorithms: [String] {
        switch kind {
        case .rsa: ["RS512", "PS256"]
        case .p256: ["ES256"]
        case .ed25519: ["EdDSA"]
        }
    }

    /// Everything that some key may sign with.
    package static let allAlgorithms = ["RS512", "PS256", "ES256", "EdDSA"]

    /// Whether the signature of a JWT is this key's, by an algorithm that it may sign with.
    func isSigner(of token: String, by algorithm: String) async -> Bool {
        guard algorithms.contains(algorithm) else { return false }
        let keys = JWTKeyCollection()
        switch kind {
        case .rsa(let key) where algorithm == "PS256": await keys.add(pss: key, digestAlgorithm: .sha256)
        case .rsa(let key): await keys.add(rsa: key, digestAlgorithm: .sha512)
        case .p256(let key): await keys.add(ecdsa: key)
        case .ed25519(let key): await keys.add(eddsa: key)
        }
        return (try? await keys.verify(token, as: Anything.self)) != nil
    }

    /// A payload of which nothing is read: that is done strictly, by ``ClientAssertionClaims``.
    private struct Anything: JWTPayload {
        func verify(using algorithm: some JWTAlgorithm) {}
    }
}
