import Channels
package import Postgres
import Translation

/// A certificate that the configuration names, and how long it is still good.
package struct ConfiguredCertificate: Sendable, Hashable {
    /// How long before its end a certificate is warned about.
    static let warned = Duration.seconds(42 * 86_400)

    /// The key of the configuration that names the file.
    package let setting: String
    package let path: String
    /// Nil when it cannot be read.
    package let ends: Timestamp?

    init(_ setting: String, _ path: String) {
        self.setting = setting
        self.path = path
        ends = CertificateFile(path).ends.map(Timestamp.init(microseconds:))
    }

    package func isGood(at now: Timestamp) -> Bool { ends.map { now < $0 } ?? false }

    /// Whether a person should see to it by now.
    func isNearItsEnd(at now: Timestamp) -> Bool {
        ends.map { $0 < now + Self.warned } ?? true
    }

    /// How long it is good, in words.
    package var text: String {
        ends.map { "\(path) is valid until \($0.rfc3339.prefix(10))" } ?? "no certificate can be read from \(path)"
    }
}

extension Configuration {
    /// Every certificate of ours, and every one of a partner's that was pinned, in the order of their settings.
    package var certificates: [ConfiguredCertificate] {
        var named: [(String, String?)] = [
            ("listen.certificate", partnerListener.certificate), ("admin.certificate", adminListener?.certificate),
        ]
        named += mllp.map { ("mllp.\($0.partner).certificate", $0.tls?.certificate) }
        named += meshMailboxes.map { ("mesh.\($0.mailbox).certificate", $0.certificate) }
        for (partner, endpoints) in outbound {
            for (channel, endpoint) in endpoints {
                named += endpoint.certificates.map { ("outbound.\(partner).\(channel.rawValue).\($0)", $1) }
            }
        }
        for (partner, way) in status {
            named += way.endpoint.certificates.map { ("status.\(partner).\($0)", $1) }
        }
        if case .https(let server)? = emergency?.duty {
            named.append(("emergency.duty.https.certificate", server.certificate))
        }
        return named.compactMap { setting, path in path.map { ConfiguredCertificate(setting, $0) } }
            .sorted { $0.setting < $1.setting }
    }
}

extension Configuration.Endpoint {
    /// The files with certificates that this endpoint cannot do without, by the key that names each.
    var certificates: [(key: String, path: String)] {
        let named: [(String, String?)] =
            switch self {
            case .https(let server): [("certificate", server.certificate)]
            case .govTalk(let govTalk): [("certificate", govTalk.server.certificate)]
            case .bars(let bars): [("certificate", bars.server.certificate)]
            case .mesh(let mesh): [("certificate", mesh.certificate)]
            case .mllp(let mllp): [("certificate", mllp.channel.tls?.certificate)]
            case .mail(let mail):
                if case .encrypted(let encryption) = mail.protection {
                    [("certificate", encryption.certificate), ("sign.certificate", encryption.signer)]
                } else {
                    []
                }
            case .sftp, .folder, .exercise, .portal: []
            }
        return named.compactMap { key, path in path.map { (key, $0) } }
    }
}
