/// An e-mail address. Never used to decide who somebody is.
package enum Email {
    /// The address without white space around it: one `@` with something on both sides, up to 254 bytes, no white space and
    /// no control characters.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let address = text.trimmed
        let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            return .failed("an e-mail address has one @ with a name and a domain")
        }
        guard address.utf8.count <= 254 else { return .failed("an e-mail address has up to 254 characters") }
        let isPlain = address.unicodeScalars.allSatisfy {
            // What is of ASCII is quick to see; the rest is looked up.
            $0.isASCII
                ? (0x21...0x7E).contains($0.value)
                : $0.properties.generalCategory != .control && !$0.properties.isWhitespace
        }
        return isPlain ? .passed(address) : .failed("an e-mail address has no spaces or control characters")
    }
}
