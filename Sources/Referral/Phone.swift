/// A telephone number.
package enum Phone {
    /// E.164: `+`, then 10 to 15 digits. A number with a leading 0, or with 10 digits that have lost it in a spreadsheet, is
    /// taken as British.
    package static func normalise(_ text: String) -> IdentifierCheck {
        var digits = ""
        var isInternational = false
        for character in text.unicodeScalars {
            switch character {
            case "0"..."9": digits.unicodeScalars.append(character)
            case "+" where digits.isEmpty && !isInternational: isInternational = true
            case " ", "\t", "\u{A0}", "-", "\u{2010}"..."\u{2015}", "(", ")", ".", "/": continue
            default: return .failed("a phone number has digits, spaces, hyphens and brackets only")
            }
        }
        if isInternational || digits.hasPrefix("00") {
            if !isInternational { digits.removeFirst(2) }
            if digits.hasPrefix("440") { digits = "44" + digits.dropFirst(3) }  // +44 (0)1632
        } else if digits.hasPrefix("0") {
            digits = "44" + digits.dropFirst()
        } else if digits.utf8.count == 10, "1237".contains(digits.prefix(1)) {
            digits = "44" + digits
        } else {
            return .failed("a phone number begins with 0 or +")
        }
        guard (10...15).contains(digits.utf8.count), !digits.hasPrefix("0") else {
            return .failed("a phone number with its country has 10 to 15 digits")
        }
        return .passed("+" + digits)
    }
}
