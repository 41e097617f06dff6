import Channels
import Foundation
import Glibc
import NIOSSL
import Simulators

/// Certificates of this test run: an authority with a server's and the hub's own, and a stranger's authority.
enum TestCertificates {
    static let folder: String = make("own")
    private static let strange: String = make("strange")

    private static func path(_ name: String) -> String {
        FileManager.default.temporaryDirectory.appending(path: "hub-certificates-\(getpid())-\(name)").path
    }

    private static func make(_ name: String) -> String {
        let path = path(name)
        atexit {
            for name in ["own", "strange"] { try? FileManager.default.removeItem(atPath: TestCertificates.path(name)) }
        }
        try! DemonstrationCertificates.make(in: path, names: ["server": .server, "hub": .client])
        return path
    }

    /// What a server needs that takes clients of its own authority only.
    static func mutualServer() throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile("\(folder)/server.pem").map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: "\(folder)/server.key", format: .pem)))
        tls.certificateVerification = .noHostnameVerification
        tls.trustRoots = .file("\(folder)/ca.pem")
        return tls
    }

    /// What the hub shows and trusts.
    static func client(_ version: TLSFiles.Version = .tls13) -> TLSFiles {
        TLSFiles(
            certificateAuthority: "\(folder)/ca.pem", certificate: "\(folder)/hub.pem", key: "\(folder)/hub.key",
            minimumVersion: version)
    }

    /// Trusts the server but shows nothing.
    static let nameless = TLSFiles(certificateAuthority: "\(folder)/ca.pem")

    /// Trusts somebody else than the server's authority.
    static var mistrusting: TLSFiles {
        TLSFiles(
            certificateAuthority: "\(strange)/ca.pem", certificate: "\(folder)/hub.pem", key: "\(folder)/hub.key")
    }
}
