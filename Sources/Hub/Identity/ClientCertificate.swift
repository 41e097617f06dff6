import Channels
import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// What a TLS certificate says of its holder, once TLS has proved that the holder has its private key.
package struct ClientCertificate: Sendable, Hashable {
    /// Why a certificate is not taken, whoever shows it.
    package enum Unsound: Error, Sendable, Hashable, CustomStringConvertible {
        case unreadable
        case tooLong
        case weakKey
        case forServers
        case notValid

        package var description: String {
            switch self {
            case .unreadable: "holds no certificate that can be read; signatures by RSASSA-PSS cannot be"
            case .tooLong: "is longer than 16 KiB"
            case .weakKey: "has an RSA key of fewer than 2048 bits"
            case .forServers: "is not for clients, by its extended key usage"
            case .notValid: "is not valid now"
            }
        }
    }

    private static let longest = 16 << 10

    /// SHA-256 of its SubjectPublicKeyInfo: by this it is known, whoever issued it.
    package var keyHash: [UInt8]
    /// SHA-256 of the certificate, to which access tokens are bound (RFC 8705 section 3.1).
    package var thumbprint: [UInt8]
    /// The DNS names that an authority of the installation vouches for; none where no such authority issued it.
    package var names: [String]
    /// The first and the last second, since 1970, of its validity.
    package var validity: ClosedRange<Int64>

    /// Reads a certificate as a caller shows it. It has no names yet.
    ///
    /// - Throws: ``Unsound``, of what holds at any time.
    fileprivate init(_ certificate: Certificate, der: [UInt8]) throws(Unsound) {
        guard der.count <= Self.longest else { throw .tooLong }
        guard CertificateStrength.isStrong(certificate) else { throw .weakKey }
        guard certificate.isForClients else { throw .forServers }
        do {
            keyHash = Array(SHA256.hash(data: try certificate.publicKey.serializeAsPEM().derBytes))
        } catch {
            throw .unreadable
        }
        thumbprint = Array(SHA256.hash(data: der))
        names = []
        let from = Int64(certificate.notValidBefore.timeIntervalSince1970.rounded(.up))
        let until = Int64(certificate.notValidAfter.timeIntervalSince1970.rounded(.down))
        guard from <= until else { throw .notValid }
        validity = from...until
    }

    /// Reads the first certificate of a PEM text.
    ///
    /// - Throws: ``Unsound``.
    package init(pem: String) throws(Unsound) {
        let documents = (try? PEMDocument.parseMultiple(pemString: pem)) ?? []
        guard let first = documents.first(where: { $0.discriminator == Certificate.defaultPEMDiscriminator }),
            let certificate = try? Certificate(pemDocument: first)
        else { throw .unreadable }
        try self.init(certificate, der: first.derBytes)
    }

    package func isValid(at second: Int64) -> Bool { validity.contains(second) }
}

/// Judges the certificates that callers show.
///
/// TLS proves that the caller holds the private key. A certificate that anybody issued is let in as far as its own dates,
/// strength and usage allow; whether somebody is known by it is asked for with each request (``Credentials``). Only what
/// an authority of the installation issued has names. Lists of revoked certificates are not asked for: a certificate is
/// revoked here, by its key.
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
        func problem(_ text: String) -> ChannelConfigurationError {
            ChannelConfigurationError(setting: "listen.client_ca", problem: "\(authorityFile) \(text)")
        }
        do {
            let text = String(decoding: try LocalFile.read(authorityFile), as: UTF8.self)
            authorities = try PEMDocument.parseMultiple(pemString: text).map { try Certificate(pemDocument: $0) }
        } catch {
            throw problem("holds something that is no PEM certificate, or one signed by RSASSA-PSS")
        }
        guard authorities.contains(where: { $0.issuer == $0.subject }) else { throw problem("holds no root") }
        guard authorities.allSatisfy(CertificateStrength.isStrong) else {
            throw problem("holds an RSA key of fewer than 2048 bits")
        }
    }

    /// Whether TLS may go on with what a caller shows, the caller's own certificate first.
    func admit(_ presented: [NIOSSLCertificate], at second: Int64) -> Bool {
        guard let der = try? presented.first?.toDERBytes(), let certificate = try? Certificate(derEncoded: der),
            let said = try? ClientCertificate(certificate, der: der)
        else { return false }
        return said.isValid(at: second)
    }

    /// What a caller's certificate says at this moment; nil when it is not valid any more, or is none.
    func certificate(_ shown: NIOSSLCertificate, at second: Int64) async -> ClientCertificate? {
        guard let der = try? shown.toDERBytes() else { return nil }
        let thumbprint = SHA256.hash(data: der)
        if let known = read.reading(of: thumbprint, at: second) { return known.isValid(at: second) ? known : nil }
        guard let certificate = try? Certificate(derEncoded: der),
            var said = try? ClientCertificate(certificate, der: der)
        else { return nil }
        if !authorities.isEmpty, await isVouchedFor(certificate) { said.names = certificate.dnsNames }
        read.keep(said, as: thumbprint, at: second)
        return said.isValid(at: second) ? said : nil
    }

    private func isVouchedFor(_ certificate: Certificate) async -> Bool {
        let roots = CertificateStore(authorities.filter { $0.issuer == $0.subject })
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy()
            LeafPolicy()
        }
        switch await verifier.validate(leaf: certificate, intermediates: CertificateStore(authorities)) {
        case .validCertificate: return true
        case .couldNotValidate: return false
        }
    }
}

/// What is asked of a client's certificate besides RFC 5280's rules of paths: its usage was judged before
/// (``ClientCertificate``), its names are what is read of it, and no certificate below a root is signed by SHA-1.
private struct LeafPolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    mutating func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        let isBroken = chain.dropLast().contains { $0.signatureAlgorithm == .sha1WithRSAEncryption }
        return isBroken ? .failsToMeetPolicy(reason: "signed by SHA-1") : .meetsPolicy
    }
}

extension Certificate {
    /// Whether it may stand for a client (RFC 5280 section 4.2.1.12); one that does not say may, one of which it cannot be
    /// read may not.
    fileprivate var isForClients: Bool {
        do {
            guard let usage = try extensions.extendedKeyUsage else { return true }
            return usage.contains(.clientAuth) || usage.contains(.any)
        } catch {
            return false
        }
    }

    fileprivate var dnsNames: [String] {
        let names = (try? extensions.subjectAlternativeNames) ?? nil
        return names?.compactMap { name in
            if case .dnsName(let text) = name { text.lowercased() } else { nil }
        } ?? []
    }
}
