import NIOSSL
import Synchronization

/// The certificates that were read lately, so that a connection of many requests reads its caller's once.
final class Readings: Sendable {
    /// With more, all are forgotten, and read again.
    private static let most = 1_000

    private let known = Mutex<[NIOSSLCertificate: ClientCertificate]>([:])

    subscript(certificate: NIOSSLCertificate) -> ClientCertificate? {
        get { known.withLock { $0[certificate] } }
        set {
            known.withLock { known in
                if known.count >= Self.most { known.removeAll() }
                known[certificate] = newValue
            }
        }
    }
}
