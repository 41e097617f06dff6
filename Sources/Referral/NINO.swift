/// The National Insurance number: two letters, six digits, a suffix A to D; no check digit.
package enum NINO {
    /// Nine characters without spaces. A number without its suffix fails, and is to be kept as unverified.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let number = text.squeezed
        guard number.fits("AA999999A") || number.fits("AA999999") else {
            return .failed("a National Insurance number has two letters, six digits and a letter")
        }
        let bytes = Array(number.utf8)
        guard !"DFIQUV".utf8.contains(bytes[0]), !"DFIOQUV".utf8.contains(bytes[1]),
            !["BG", "GB", "NK", "KN", "TN", "NT", "ZZ"].contains(String(number.prefix(2)))
        else { return .failed("no National Insurance number begins with these letters") }
        guard bytes.count == 9 else { return .failed("the last letter of the National Insurance number is missing") }
        guard ("A"..."D").contains(number.suffix(1)) else {
            return .failed("a National Insurance number ends in A, B, C or D")
        }
        return .passed(number)
    }
}
