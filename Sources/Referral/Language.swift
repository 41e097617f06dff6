/// The language that a person prefers, as a tag or by name.
package enum Language {
    /// A tag as BCP 47 forms them (https://www.rfc-editor.org/info/bcp47), such as `pl` or `zh-Hant`, or a name of one or two
    /// words of letters and hyphens, such as `Kurdish Sorani`; a third may only be "Language", as of the sign languages. Up
    /// to 35 characters, the length that BCP 47 has systems provide for. Longer or otherwise it says more than a language.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let text = text.trimmed
        guard (2...35).contains(text.unicodeScalars.count) else { return .failed("a language has 2 to 35 characters") }
        return isTag(text) || isName(text) ? .passed(text) : .failed("a tag such as pl, or a name of one or two words")
    }

    private static func isTag(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.enumerated().allSatisfy { index, part in
            let isLetters = part.allSatisfy { isLetter($0) }
            return index == 0
                ? (2...3).contains(part.count) && isLetters
                : (1...8).contains(part.count) && part.allSatisfy { isLetter($0) || $0.isDigit }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte.isUpper || (byte & ~0x20).isUpper }

    private static func isName(_ text: String) -> Bool {
        let words = text.split(separator: " ")
        guard words.count <= 2 || words.count == 3 && words[2].lowercased() == "language" else { return false }
        return words.allSatisfy { word in
            word.unicodeScalars.allSatisfy {
                $0 == "-" || $0.properties.isAlphabetic || $0.properties.canonicalCombiningClass != .notReordered
            }
        }
    }
}
