import FoundationEssentials
import SwiftASN1
import X509

/// A PEM file of certificates, as configuration names it.
package struct CertificateFile: Sendable, Hashable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// The moment from which the first of its certificates is no longer valid, in microseconds since 1970 UTC; nil when
    /// none can be read. A private key may stand beside them.
    package var ends: Int64? {
        guard let bytes = FileManager.default.contents(atPath: path),
            let documents = try? PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
        else { return nil }
        let certificates = documents.filter { $0.discriminator == Certificate.defaultPEMDiscriminator }
        let ends = certificates.compactMap { try? Certificate(pemDocument: $0).notValidAfter }
        return ends.count < certificates.count ? nil : ends.min().map { Int64($0.timeIntervalSince1970) * 1_000_000 }
    }
}
