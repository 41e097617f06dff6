/// What the check of an identifier found.
package enum IdentifierCheck: Sendable, Hashable {
    /// The form and the check are right; the text is the register's normal form.
    case passed(String)
    /// Why it is wrong, in plain words that do not quote it.
    case failed(String)
    /// A code that says that there is none.
    case absent

    /// The normal form; nil unless the check passed.
    package var normal: String? { if case .passed(let text) = self { text } else { nil } }
}

extension String {
    /// Upper case without spaces, hyphens and dashes: how people's spacing of a number is undone before it is checked.
    var squeezed: String {
        if utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }) { return self }
        return String(String.UnicodeScalarView(uppercased().unicodeScalars.filter { !$0.isSpacing }))
    }

    /// The text when it has the form of the template, in which `9` stands for an ASCII digit, `A` for an upper-case ASCII letter
    /// and anything else for itself.
    func fits(_ template: String) -> Bool {
        utf8.count == template.utf8.count
            && zip(utf8, template.utf8).allSatisfy { byte, pattern in
                switch pattern {
                case UInt8(ascii: "9"): byte.isDigit
                case UInt8(ascii: "A"): byte.isUpper
                default: byte == pattern
                }
            }
    }

    /// Whether it can be a number that somebody gave: up to 20 ASCII letters, digits and `-./_`, one of them a digit, and no
    /// space, so that nobody's words pass.
    package var isReference: Bool {
        (1...20).contains(utf8.count) && utf8.contains(where: \.isDigit)
            && utf8.allSatisfy { $0.isDigit || ($0 & ~0x20).isUpper || "-./_".utf8.contains($0) }
    }

    /// Whether it is made of ASCII digits only, as many as the range allows.
    func isDigits(_ count: ClosedRange<Int>) -> Bool { count.contains(utf8.count) && utf8.allSatisfy(\.isDigit) }

    /// The values of a text of ASCII digits.
    var digitValues: [Int] { utf8.map { Int($0) - 0x30 } }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isUpper: Bool { (0x41...0x5A).contains(self) }
}

extension Unicode.Scalar {
    fileprivate var isSpacing: Bool {
        properties.isWhitespace || self == "-" || ("\u{2010}"..."\u{2015}").contains(self)
    }
}
