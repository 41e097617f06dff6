import FoundationEssentials

/// A text with signatures below it, in the form of https://c2sp.org/signed-note.
///
///     referral-hub/derby_lac
///     1234
///     47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
///
///     — referral-hub/derby_lac x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
///
/// The text, an empty line, and a line for each signature: a dash (U+2014), the key's name, and in base64 the key's id
/// with the signature.
package struct SignedNote: Sendable, Hashable {
    package struct Signature: Sendable, Hashable {
        package let name: String
        /// Four bytes.
        package let keyID: [UInt8]
        package let bytes: [UInt8]

        package init(name: String, keyID: [UInt8], bytes: [UInt8]) {
            self.name = name
            self.keyID = keyID
            self.bytes = bytes
        }

        init?(line: some StringProtocol) {
            guard line.hasPrefix(Self.mark) else { return nil }
            let words = line.dropFirst(Self.mark.count).split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, NoteVerifier.isName(words[0]), let data = Data(base64Encoded: String(words[1])),
                data.count > 4
            else { return nil }
            self.init(name: String(words[0]), keyID: Array(data.prefix(4)), bytes: Array(data.dropFirst(4)))
        }

        var line: String { "\(Self.mark)\(name) \(Data(keyID + bytes).base64EncodedString())" }

        static let mark = "\u{2014} "
    }

    /// What is signed; ends with a line feed.
    package let text: String
    package let signatures: [Signature]

    package init(text: String, signatures: [Signature]) {
        precondition(text.hasSuffix("\n"), "a note's text ends with a line feed")
        self.text = text
        self.signatures = signatures
    }

    /// Reads ``description`` back; nothing when it is not of this form, or has no signature.
    package init?(_ description: String) {
        var lines = description.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.popLast() == "", let gap = lines.lastIndex(of: ""), gap > 0 else { return nil }
        let signatures = lines[(gap + 1)...].compactMap(Signature.init)
        guard !signatures.isEmpty, signatures.count == lines.count - gap - 1 else { return nil }
        self.init(text: lines[..<gap].map { $0 + "\n" }.joined(), signatures: signatures)
    }

    /// The whole note.
    package var description: String {
        text + "\n" + signatures.map { $0.line + "\n" }.joined()
    }
}
