import Crypto
import FoundationEssentials

/// Six digits of the moment, as an authenticator app shows them (TOTP, RFC 6238: HMAC-SHA-1, steps of 30 s).
///
/// SHA-1 is what every app knows; as the hash of an HMAC it is sound still (NIST SP 800-131A revision 2, section 10).
enum OneTimeCode {
    private static let stepSeconds: Int64 = 30
    /// As long as the hash (RFC 4226 section 4).
    private static let keyBytes = 20

    /// A new key.
    static func newKey() -> [UInt8] {
        SymmetricKey(size: .init(bitCount: keyBytes * 8)).withUnsafeBytes { Array($0) }
    }

    /// The time step of a code that is right now, or was half a minute ago, for whoever types slowly; nil for a wrong one.
    static func step(of code: String, key: [UInt8], at second: Int64) -> Int64? {
        let digits = code.filter { $0 != " " }
        let now = second / stepSeconds
        return (now - 1...now).first { self.code(key, step: $0) == digits }
    }

    /// The code of a time step (RFC 4226 section 5.3).
    static func code(_ key: [UInt8], step: Int64) -> String {
        let counter = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let mac = Array(
            HMAC<Crypto.Insecure.SHA1>.authenticationCode(for: counter, using: SymmetricKey(data: key)))
        let offset = Int(mac[19] & 0x0F)
        let number = mac[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let text = String(number % 1_000_000)
        return String(repeating: "0", count: 6 - text.count) + text
    }

    /// A key as people type it: base 32 (RFC 4648 section 6) without padding.
    static func text(of key: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (text, bits, held) = ("", 0, 0)
        for byte in key {
            held = (held << 8 | Int(byte)) & 0xFFFF
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(letters[held >> bits & 31])
            }
        }
        if bits > 0 { text.append(letters[held << (5 - bits) & 31]) }
        return text
    }

    /// The address by which an app takes a key up.
    static func address(of key: [UInt8], account: String, issuer: String) -> String {
        let plain = issuer.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == " ") }
            .replacing(" ", with: "%20")
        return "otpauth://totp/\(plain):\(account)?secret=\(text(of: key))&issuer=\(plain)"
    }
}
