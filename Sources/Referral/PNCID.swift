/// The id of a person on the Police National Computer: year, serial number, check letter.
///
/// Kept only as it was given and never used to find anybody: the rule of the check letter is unconfirmed by the force.
package enum PNCID {
    /// `yyyy/nnnnnnnL` or `yy/nnnnnnnL`, the year as it was given, the serial padded to seven digits.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let parts = text.squeezed.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts[0].isDigits(2...2) || parts[0].isDigits(4...4),
            let letter = parts[1].utf8.last, letter.isUpper, String(parts[1].dropLast()).isDigits(1...7),
            let serial = Int(parts[1].dropLast()), let year = Int(parts[0].suffix(2))
        else { return .failed("a PNC id is a year, a stroke, up to seven digits and a letter") }
        guard letters[(year * 10_000_000 + serial) % 23] == letter else {
            return .failed("the check letter of the PNC id is wrong")
        }
        return .passed("\(parts[0])/\(serial.padded(to: 7))\(parts[1].suffix(1))")
    }

    private static let letters = Array("ZABCDEFGHJKLMNPQRTUVWXY".utf8)
}
