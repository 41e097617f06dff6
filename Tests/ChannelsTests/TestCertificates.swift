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

/// A port of this machine that nobody listens on.
enum FreePort {
    struct None: Error {}

    static func find() throws -> Int {
        let (descriptor, port) = try listening(backlog: nil)
        close(descriptor)
        return port
    }

    /// A port at which connections wait for an answer that nobody gives, until the descriptor is closed.
    static func listening(backlog: Int32? = 16) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port: Int? = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, length) == 0, getsockname(descriptor, address, &length) == 0,
                    backlog.map({ listen(descriptor, $0) == 0 }) ?? true
                else { return nil }
                return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    Int(UInt16(bigEndian: $0.pointee.sin_port))
                }
            }
        }
        guard let port else {
            close(descriptor)
            throw None()
        }
        return (descriptor, port)
    }
}
