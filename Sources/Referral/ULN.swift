/// The unique learner number: ten digits, the last a check.
package enum ULN {
    /// Ten digits without spaces.
    package static func normalise(_ text: String) -> IdentifierCheck {
        let number = text.squeezed
        guard number.isDigits(10...10), !number.hasPrefix("0") else {
            return .failed("a unique learner number has 10 digits, the first not 0")
        }
        let digits = number.digitValues
        let remainder = digits.prefix(9).enumerated().reduce(0) { $0 + $1.element * (10 - $1.offset) } % 11
        guard remainder != 0, 10 - remainder == digits[9] else {
            return .failed("the check digit of the unique learner number is wrong")
        }
        return .passed(number)
    }
}
