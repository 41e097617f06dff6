import FoundationEssentials
import Referral

/// What a client signs to prove who it is (`private_key_jwt`: RFC 7523 section 3, RFC 7515), read strictly: an object that
/// names a member twice, a header that wants more than is understood here, or a value of another type refuses it.
struct SignedAssertion: Sendable, Hashable {
    /// Why one is refused. What is told of it names no value of the assertion.
    enum Refusal: Error, Sendable, Hashable {
        case malformed
        case algorithm
        /// No such key, or not its signature: whoever has signed nothing learns no more.
        case key
        case issuer
        /// Not for this server, which calls itself so.
        case audience(expected: String)
        case expired
        case tooLong
        case notYet
        case replayed

        var text: String {
            switch self {
            case .malformed: "client_assertion is no signed JWT with iss, sub, aud, exp and jti"
            case .algorithm: "alg must be one of \(ClientKey.allAlgorithms.joined(separator: ", "))"
            case .key: "Signed by no key of an enabled partner: check iss, kid, alg and the key"
            case .issuer: "iss and sub must be the same, and client_id where it is given"
            case .audience(let expected): "aud must be \(expected)"
            case .expired: "exp has passed"
            case .tooLong: "exp is more than five minutes ahead"
            case .notYet: "iat or nbf is ahead of this server's clock"
            case .replayed: "jti was used before"
            }
        }
    }

    /// How far ahead an assertion may end, in seconds.
    static let longest: Int64 = 300
    /// How far the clocks of the two sides may differ, in seconds.
    static let leeway: Int64 = 30
    /// The longest that is read, in bytes.
    static let longestText = 8_192

    let text: String
    let algorithm: String
    let kid: String
    let issuer: String
    /// The client's own id of it, to be taken once.
    let id: String
    /// When it ends, in seconds since 1970.
    let ends: Int64
    private let subject: String
    private let audiences: [String]
    private let starts: [Int64]

    /// - Throws: ``Refusal/malformed`` or ``Refusal/algorithm``.
    init(_ text: String) throws(Refusal) {
        let parts =
            text.utf8.count <= Self.longestText ? text.split(separator: ".", omittingEmptySubsequences: false) : []
        guard parts.count == 3, Base64URL.bytes(parts[2])?.isEmpty == false, let header = Self.object(parts[0]) else {
            throw .malformed
        }
        guard let algorithm = header["alg"]?.stringValue, ClientKey.allAlgorithms.contains(algorithm) else {
            throw .algorithm
        }
        // An extension that must be understood, or a payload that is not encoded (RFC 7515 section 4.1.11, RFC 7797).
        guard header["crit"] == nil, header["b64"] == nil, let kid = header["kid"]?.stringValue,
            Self.isName(kid), let claims = Self.object(parts[1]),
            let issuer = claims["iss"]?.stringValue, let subject = claims["sub"]?.stringValue,
            let id = claims["jti"]?.stringValue, Self.isName(issuer), Self.isName(id),
            let ends = claims["exp"].flatMap(Self.second), let audiences = Self.audiences(claims["aud"])
        else { throw .malformed }
        var starts: [Int64] = []
        for name in ["iat", "nbf"] {
            guard let value = claims[name] else { continue }
            guard let second = Self.second(value) else { throw .malformed }
            starts.append(second)
        }
        self.text = text
        self.algorithm = algorithm
        self.kid = kid
        self.issuer = issuer
        self.id = id
        self.ends = ends
        self.subject = subject
        self.audiences = audiences
        self.starts = starts
    }

    /// Whether it may be used now, for a server that calls itself by `audience`, by whoever signed it.
    ///
    /// - Parameter clientID: Where the request names one beside.
    func check(for audience: String, clientID: String?, at second: Int64) throws(Refusal) {
        guard issuer == subject, clientID == nil || clientID == issuer else { throw .issuer }
        guard audiences.contains(audience) else { throw .audience(expected: audience) }
        guard ends > second - Self.leeway else { throw .expired }
        guard ends <= second + Self.longest + Self.leeway else { throw .tooLong }
        guard starts.allSatisfy({ $0 <= second + Self.leeway }) else { throw .notYet }
    }

    /// What stands for somebody or something: no control character among 1 to 200 bytes.
    private static func isName(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// One text or several (RFC 7519 section 4.1.3); nil for all else.
    private static func audiences(_ value: Value?) -> [String]? {
        if let one = value?.stringValue { return [one] }
        guard let several = value?.arrayValue else { return nil }
        let texts = several.compactMap(\.stringValue)
        return texts.count == several.count ? texts : nil
    }

    /// A NumericDate, whole or with a fraction (RFC 7519 section 2), in a time that a clock can show.
    private static func second(_ value: Value) -> Int64? {
        guard case .number(let text) = value, let number = Double(text), (0...253_402_300_799).contains(number) else {
            return nil
        }
        return Int64(number)
    }

    private static func object(_ part: Substring) -> Value? {
        guard let bytes = Base64URL.bytes(part), let value = try? StrictJSON.parse(bytes), value.objectValue != nil
        else {
            return nil
        }
        return value
    }
}

/// Base64 without padding, as JWTs have it (RFC 7515 section 2): no other character, no white space, no bits left over.
enum Base64URL {
    static func bytes(_ text: Substring) -> [UInt8]? {
        guard
            text.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else { return nil }
        let standard = String(text.replacing("-", with: "+").replacing("_", with: "/"))
        let padded = standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), self.text(Array(data)) == text else { return nil }
        return [UInt8](data)
    }

    static func text(_ bytes: [UInt8]) -> String {
        let padded = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
        return String(padded.prefix { $0 != "=" })
    }
}
