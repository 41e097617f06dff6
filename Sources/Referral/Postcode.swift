/// A postcode of the United Kingdom, judged by its form only.
package enum Postcode {
    /// Upper case with one space before the last three characters. The pseudo postcodes `ZZ99 3xx` pass as well.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let squeezed = text.squeezed
        guard (5...7).contains(squeezed.utf8.count), squeezed.utf8.allSatisfy({ $0.isDigit || $0.isUpper }) else {
            return .failed("a postcode has 5 to 7 letters and digits")
        }
        let postcode = squeezed.dropLast(3) + " " + squeezed.suffix(3)
        let outward = Array(squeezed.utf8.dropLast(3))
        let inward = Array(squeezed.utf8.suffix(3))
        guard postcode == "GIR 0AA" || isPseudo(String(postcode)) || isOutward(outward) && isInward(inward) else {
            return .failed("no postcode is made like this")
        }
        return .passed(String(postcode))
    }

    /// Whether a normalised postcode is `ZZ99 3xx`, which stands for no fixed abode or an address abroad.
    package static func isPseudo(_ postcode: String) -> Bool { postcode.fits("ZZ99 3AA") }

    private static func isOutward(_ code: [UInt8]) -> Bool {
        guard let area = code.first, isOne(area, of: "ABCDEFGHIJKLMNOPRSTUWYZ") else { return false }
        let rest = code.dropFirst()
        if rest.allSatisfy(\.isDigit) { return (1...2).contains(rest.count) }  // A9, A99
        if rest.count == 2, rest[1].isDigit { return isOne(rest[2], of: "ABCDEFGHJKPSTUW") }  // A9A
        guard (2...3).contains(rest.count), isOne(rest[1], of: "ABCDEFGHKLMNOPQRSTUVWXY"), rest[2].isDigit else {
            return false
        }
        return rest.count == 2 || rest[3].isDigit || isOne(rest[3], of: "ABEHMNPRVWXY")  // AA9, AA99, AA9A
    }

    private static func isInward(_ code: [UInt8]) -> Bool {
        code[0].isDigit && code.dropFirst().allSatisfy { isOne($0, of: "ABDEFGHJLNPQRSTUWXYZ") }
    }

    private static func isOne(_ byte: UInt8, of letters: StaticString) -> Bool {
        letters.withUTF8Buffer { $0.contains(byte) }
    }
}
