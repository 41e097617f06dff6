import FoundationEssentials

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
