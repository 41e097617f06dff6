import FoundationEssentials
import Referral

/// A signed JWT (RFC 7515, RFC 7519) taken apart strictly and not yet verified: an object that names a member twice, a header
/// that wants more than is understood here, or a value of another type refuses it.
struct JSONWebToken: Sendable, Hashable {
    struct Malformed: Error {}

    /// The longest that is read, in bytes.
    static let longest = 8_192

    let text: String
    /// As the header has it; empty where it has none.
    let algorithm: String
    let kid: String?
    let claims: Value

    /// - Throws: ``Malformed``.
    init(_ text: String) throws(Malformed) {
        let parts =
            text.utf8.count <= Self.longest ? text.split(separator: ".", omittingEmptySubsequences: false) : []
        guard parts.count == 3, Base64URL.bytes(parts[2])?.isEmpty == false, let header = Self.object(parts[0]),
            let claims = Self.object(parts[1]),
            // An extension that must be understood, or a payload that is not encoded (RFC 7515 section 4.1.11, RFC 7797).
            header["crit"] == nil, header["b64"] == nil
        else { throw Malformed() }
        self.text = text
        algorithm = header["alg"]?.stringValue ?? ""
        if let kid = header["kid"] {
            guard let name = kid.stringValue, Self.isName(name) else { throw Malformed() }
            self.kid = name
        } else {
            kid = nil
        }
        self.claims = claims
    }

    /// A claim that stands for somebody or something: no control character among 1 to 200 bytes. Nil for all else.
    func name(_ claim: String) -> String? { claims[claim]?.stringValue.flatMap { Self.isName($0) ? $0 : nil } }

    /// A claim of one text or several (RFC 7519 section 4.1.3); nil for all else.
    func texts(_ claim: String) -> [String]? {
        if let one = claims[claim]?.stringValue { return [one] }
        guard let several = claims[claim]?.arrayValue else { return nil }
        let texts = several.compactMap(\.stringValue)
        return texts.count == several.count ? texts : nil
    }

    /// A NumericDate, whole or with a fraction (RFC 7519 section 2), in a time that a clock can show.
    func second(_ claim: String) -> Int64? {
        guard case .number(let text)? = claims[claim], let number = Double(text), (0...253_402_300_799).contains(number)
        else { return nil }
        return Int64(number)
    }

    private static func isName(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    private static func object(_ part: Substring) -> Value? {
        guard let bytes = Base64URL.bytes(part), let value = try? StrictJSON.parse(bytes), value.objectValue != nil
        else {
            return nil
        }
        return value
    }
}
