import Crypto

/// The text of a credential: `hub_<prefix>_<secret>`, in Crockford's base 32 without look-alikes.
///
/// The prefix (40 bits) is public and finds the row. The secret is 256 random bits, stored as its SHA-256: such a secret
/// cannot be guessed, so the slow hash that passwords need would protect nothing and cost every request.
struct APIKey {
    let prefix: String
    let secret: String

    /// A new random key.
    init() {
        func random(_ bits: Int) -> String {
            SymmetricKey(size: .init(bitCount: bits)).withUnsafeBytes { bytes in
                String(bytes.map { Self.alphabet[Int($0 & 31)] })
            }
        }
        // Each byte gives five bits: 8 characters for 40 bits, 52 for 260.
        prefix = random(8 * 8)
        secret = random(52 * 8)
    }

    /// Reads a key; nothing when the text has another form.
    init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "hub", parts[1].utf8.count == 8, parts[2].utf8.count == 52 else {
            return nil
        }
        prefix = String(parts[1])
        secret = String(parts[2])
    }

    var text: String { "hub_\(prefix)_\(secret)" }

    var secretHash: [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    /// Compares without telling by time how much agreed.
    func matches(_ hash: [UInt8]) -> Bool {
        let own = secretHash
        guard own.count == hash.count else { return false }
        return zip(own, hash).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
}
