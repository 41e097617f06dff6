/// A code of a closed list, or the text that stood in its place when the list does not have it.
///
/// An unknown text is kept so that staff can see what the sender meant. It counts as free text when something is released.
package enum Coded<Code: RawRepresentable & Sendable & Hashable>: Sendable, Hashable where Code.RawValue == String {
    case known(Code)
    case unknown(String)

    /// The code of the text, compared without regard to case and with `_` for spaces and hyphens when it is not found as written.
    package init(_ text: String) {
        if let code = Code(rawValue: text) ?? Code(rawValue: text.uppercased()) ?? Code(rawValue: text.codeWord) {
            self = .known(code)
        } else {
            self = .unknown(text)
        }
    }

    /// The code; nil when the list does not have the text.
    package var code: Code? { if case .known(let code) = self { code } else { nil } }

    /// The code's text, or the text as it arrived.
    package var text: String {
        switch self {
        case .known(let code): code.rawValue
        case .unknown(let text): text
        }
    }
}

extension String {
    /// The text in the spelling of the code lists: lower case, `_` for spaces and hyphens.
    fileprivate var codeWord: String {
        String(lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 })
    }
}
