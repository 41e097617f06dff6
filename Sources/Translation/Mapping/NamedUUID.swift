import Crypto
import FoundationEssentials

/// A UUID that follows from another UUID and a name: the same for the same two, and like no other (RFC 9562, section 5.5,
/// version 5).
package struct NamedUUID: Sendable, Hashable {
    /// In lower case with hyphens.
    package let text: String

    /// Nil when the text of the namespace is no UUID.
    package init?(_ name: String, in namespace: String) {
        guard let namespace = UUID(uuidString: namespace) else { return nil }
        var bytes = withUnsafeBytes(of: namespace.uuid, Array.init)
        bytes += name.utf8
        // SHA-1 is what version 5 is made of; nothing is kept safe by it.
        var hash = Array(Insecure.SHA1.hash(data: bytes).prefix(16))
        hash[6] = hash[6] & 0x0F | 0x50
        hash[8] = hash[8] & 0x3F | 0x80
        let digits = hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        text = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }
}
