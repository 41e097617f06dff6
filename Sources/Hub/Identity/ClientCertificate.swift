import Channels
import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// What a TLS certificate says of its holder, once TLS has proved that the holder has its private key.
package struct ClientCertificate: Sendable, Hashable {
    /// SHA-256 of its SubjectPublicKeyInfo: by this it is known, whoever issued it.
    package var keyHash: [UInt8]
    /// SHA-256 of the certificate, to which access tokens are bound (RFC 8705 section 3.1).
    package var thumbprint: [UInt8]
    /// The DNS names that an authority of the installation vouches for; none where no such authority issued it.
    package var names: [String]
    /// The first and the last second, since 1970, of its validity.
    package var validity: ClosedRange<Int64>

    /// Reads a certificate; of whether it is sound and who vouches for it nothing is said.
    fileprivate init(_ certificate: Certificate, der: [UInt8]) throws {
        keyHash = Array(SHA256.hash(data: try certificate.publicKey.serializeAsPEM().derBytes))
        thumbprint = Array(SHA256.hash(data: der))
        names = []
        let from = Int64(certificate.notValidBefore.timeIntervalSince1970.rounded(.up))
        let until = Int64(certificate.notValidAfter.timeIntervalSince1970.rounded(.down))
        validity = from...max(from, until)
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// - Throws: Whatever keeps it from being read.
    package init(pem: String) throws {
        let certificate = try Certificate(pemEncoded: pem)
        try self.init(certificate, der: certificate.serializeAsPEM().derBytes)
    }

    func isValid(at second: Int64) -> Bool { validity.contains(second) }
}

/// Judges the certificates that callers show.
///
/// TLS proves that the caller holds the private key. A certificate that anybody issued is let in as far as its own dates,
/// strength and usage allow; whether somebody is known by it is asked for with each request (``Credentials``). Only what
/// an authority of the installation issued has names.
final class ClientCertificates: Sendable {
    private let authorities: [Certificate]
    private let read = Readings()

    /// - Parameter authorityFile: PEM of the installation's authorities, with those between them and the partners' own
    ///   certificates; nil where partners are known by their keys alone.
    /// - Throws: `ChannelConfigurationError`.
    init(authorityFile: String?) throws {
        guard let authorityFile else {
            authorities = []
            return
        }
        do {
            authorities = try NIOSSLCertificate.fromPEMFile(authorityFile).map {
                try Certificate(derEncoded: $0.toDERBytes())
            }
        } catch {
            authorities = []
        }
        if authorities.isEmpty {
            throw ChannelConfigurationError(
                setting: "listen.client_ca", problem: "no PEM certificate can be read from \(authorityFile)")
        }
    }

    /// Whether TLS may go on with what a caller shows, the caller's own certificate first.
    func admit(_ presented: [NIOSSLCertificate], at second: Int64) -> Bool {
        guard let leaf = presented.first, CertificateStrength.isStrong(leaf),
            let certificate = try? Certificate(derEncoded: leaf.toDERBytes()),
            let said = try? ClientCertificate(certificate, der: leaf.toDERBytes())
        else { return false }
        return said.isValid(at: second) && certificate.isForClients
    }

    /// What a caller's certificate says at this moment; nil when it is not valid any more, or is none.
    func certificate(_ shown: NIOSSLCertificate, at second: Int64) async -> ClientCertificate? {
        if let known = read[shown] { return known.isValid(at: second) ? known : nil }
        guard let der = try? shown.toDERBytes(), let certificate = try? Certificate(derEncoded: der),
            var said = try? ClientCertificate(certificate, der: der)
        else { return nil }
        if !authorities.isEmpty, await isVouchedFor(certificate) { said.names = certificate.dnsNames }
        read[shown] = said
        return said.isValid(at: second) ? said : nil
    }

    private func isVouchedFor(_ certificate: Certificate) async -> Bool {
        let roots = CertificateStore(authorities.filter { $0.issuer == $0.subject })
        var verifier = Verifier(rootCertificates: roots) { RFC5280Policy() }
        switch await verifier.validate(leaf: certificate, intermediates: CertificateStore(authorities)) {
        case .validCertificate: return true
        case .couldNotValidate: return false
        }
    }
}

extension Certificate {
    /// Whether it may stand for a client (RFC 5280 section 4.2.1.12); one that does not say may.
    fileprivate var isForClients: Bool {
        guard let usage = try? extensions.extendedKeyUsage else { return true }
        return usage.contains(.clientAuth) || usage.contains(.any)
    }

    fileprivate var dnsNames: [String] {
        let names = (try? extensions.subjectAlternativeNames) ?? nil
        return names?.compactMap { name in
            if case .dnsName(let text) = name { text.lowercased() } else { nil }
        } ?? []
    }
}
