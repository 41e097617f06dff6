/// The NHS number: ten digits, the last a check by modulus 11 (NHS Data Dictionary; ranges as in nhs-number 2.2.0).
package enum NHSNumber {
    /// Who gives out the numbers of a range.
    package enum Range: String, CaseIterable, Sendable, Hashable {
        case englandAndWales = "england_wales"
        /// The Community Health Index, which begins with a birth date.
        case scotland
        case northernIreland = "northern_ireland"
        /// Never given to anybody; for tests.
        case synthetic
        /// Reserved, or in no range: nobody has it.
        case unissued
    }

    /// Ten digits without spaces. The check digit alone is not enough: `0000000000` passes it, so nobody's range fails too.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let number = text.squeezed
        guard number.isDigits(10...10) else { return .failed("an NHS number has 10 digits") }
        let digits = number.digitValues
        let sum = digits.prefix(9).enumerated().reduce(0) { $0 + $1.element * (10 - $1.offset) }
        let check = (11 - sum % 11) % 11  // 11 becomes 0; 10 is no digit, so it never equals the last
        guard check == digits[9] else { return .failed("the check digit of the NHS number is wrong") }
        guard range(of: number) != .unissued else { return .failed("no NHS number is given out in this range") }
        return .passed(number)
    }

    /// The range that a number of ten digits lies in; ``Range/unissued`` for anything else.
    package static func range(of number: String) -> Range {
        guard number.isDigits(10...10), let value = Int(number) else { return .unissued }
        return switch value {
        case 4_000_000_000...4_999_999_999, 6_000_000_000...7_999_999_999: .englandAndWales
        case 100_000_000...3_112_999_999: .scotland
        case 3_200_000_000...3_999_999_999: .northernIreland
        case 9_000_000_000...9_999_999_999 where value != 9_999_999_999: .synthetic
        default: .unissued
        }
    }

    /// Whether a number may be used to find a person without asking anybody: right, of England and Wales (or synthetic, where
    /// the hub runs as a test), and vouched for: given by an NHS sender, or with verification status 01.
    package static func isVerified(_ text: String, vouchedFor: Bool, environment: HubEnvironment) -> Bool {
        guard vouchedFor, let number = normalise(text).normal else { return false }
        return switch range(of: number) {
        case .englandAndWales: true
        case .synthetic: environment == .test
        case .scotland, .northernIreland, .unissued: false
        }
    }
}
