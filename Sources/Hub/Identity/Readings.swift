import Crypto
import Synchronization

/// What certificates said that were read within the last minute, so that a connection of many requests reads its caller's
/// once, and an authority that ends, or begins, is noticed.
final class Readings: Sendable {
    private struct Reading {
        var certificate: ClientCertificate
        var at: Int64
    }

    /// In seconds.
    private static let keptFor: Int64 = 60
    /// With more, all are forgotten, and read again.
    private static let most = 1_000

    private let known = Mutex<[SHA256Digest: Reading]>([:])

    func reading(of thumbprint: SHA256Digest, at second: Int64) -> ClientCertificate? {
        known.withLock { known in
            guard let reading = known[thumbprint], second < reading.at + Self.keptFor else { return nil }
            return reading.certificate
        }
    }

    func keep(_ certificate: ClientCertificate, as thumbprint: SHA256Digest, at second: Int64) {
        known.withLock { known in
            if known.count >= Self.most { known.removeAll() }
            known[thumbprint] = Reading(certificate: certificate, at: second)
        }
    }
}
