/// The unique pupil number: a check letter, authority (3), establishment (4), year (2) and serial (3); the serial of a
/// temporary number ends in a letter.
package enum UPN {
    /// 13 characters. `UN1` to `UN5`, which say why a pupil has none, give ``IdentifierCheck/absent``.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let number = text.squeezed
        if number.fits("UN9"), ("1"..."5").contains(number.suffix(1)) { return .absent }
        guard number.fits("A999999999999") || number.fits("A99999999999A") else {
            return .failed(
                "a unique pupil number has a letter and 12 digits, or 11 and a letter")
        }
        let bytes = Array(number.utf8)
        var sum = 0
        for (position, byte) in bytes.dropFirst().enumerated() {
            guard let value = byte.isDigit ? Int(byte - 0x30) : letters.firstIndex(of: byte) else {
                return .failed("the last letter of the unique pupil number is not in use")
            }
            sum += value * (position + 2)
        }
        guard letters[sum % 23] == bytes[0] else {
            return .failed("the check letter of the unique pupil number is wrong")
        }
        return .passed(number)
    }

    private static let letters = Array("ABCDEFGHJKLMNPQRTUVWXYZ".utf8)
}
