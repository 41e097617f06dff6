import NIOCore
import NIOSSL

/// Where the certificates of one connection lie: paths of PEM files, never their content.
package struct TLSFiles: Sendable, Hashable {
    /// The lowest protocol version spoken. 1.2 is an exception with an end date (partner interfaces, section 4.2).
    package enum Version: String, Sendable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"

        var tls: TLSVersion { self == .tls13 ? .tlsv13 : .tlsv12 }
    }

    /// The authorities that the other side's certificate must come from. Left alone: those of the system.
    package var certificateAuthority: String?
    /// Our own certificate, with the intermediate ones after it. Left alone: none is offered.
    package var certificate: String?
    /// The private key of `certificate`.
    package var key: String?
    package var minimumVersion: Version
    /// The moment, in seconds since 1970, before which TLS 1.2 is spoken whatever ``minimumVersion`` says: an exception that
    /// ends by itself. Left alone: there is none.
    package var tls12Until: Int64?

    package init(
        certificateAuthority: String? = nil, certificate: String? = nil, key: String? = nil,
        minimumVersion: Version = .tls13, tls12Until: Int64? = nil
    ) {
        self.certificateAuthority = certificateAuthority
        self.certificate = certificate
        self.key = key
        self.minimumVersion = minimumVersion
        self.tls12Until = tls12Until
    }

    /// The lowest version spoken at a moment, in seconds since 1970.
    func minimumVersion(at now: Int64) -> Version {
        if let tls12Until, now < tls12Until { .tls12 } else { minimumVersion }
    }

    /// What NIOSSL needs to connect. Reads every file now, so that a missing one is found at start.
    func clientConfiguration() throws(ChannelConfigurationError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = minimumVersion.tls
        // Of TLS 1.2, where it is spoken by exception, only what has forward secrecy and is authenticated (RFC 9325 section
        // 4.2): the default offers RSA key exchange and CBC too. TLS 1.3 has nothing else.
        configuration.cipherSuites = "ECDH+AESGCM:ECDH+CHACHA20"
        if let certificateAuthority {
            configuration.trustRoots = .certificates(try certificates(certificateAuthority, "tls.ca"))
        }
        guard (certificate == nil) == (key == nil) else {
            throw ChannelConfigurationError(
                setting: certificate == nil ? "tls.certificate" : "tls.key",
                problem: "a certificate needs its key and a key its certificate: name both files or neither")
        }
        if let certificate, let key {
            configuration.certificateChain = try certificates(certificate, "tls.certificate").map { .certificate($0) }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            } catch {
                throw ChannelConfigurationError(
                    setting: "tls.key", problem: "no PEM private key can be read from \(key)")
            }
        }
        return configuration
    }

    private func certificates(
        _ path: String, _ setting: String
    ) throws(ChannelConfigurationError) -> [NIOSSLCertificate] {
        do {
            let found = try NIOSSLCertificate.fromPEMFile(path)
            if !found.isEmpty { return found }
        } catch {}
        throw ChannelConfigurationError(setting: setting, problem: "no PEM certificate can be read from \(path)")
    }
}
