/// A value of a document that a page names and does not show. What it says is no part of it, so that no page can show it by
/// mistake: whoever has it revealed gets it as a ``RevealedValue`` besides.
package struct HiddenValue: Sendable, Hashable {
    /// What it is a value of.
    package enum Part: String, Sendable, CaseIterable {
        case received, understood, sent

        /// What the anchors of its values begin with.
        var letter: String { String(rawValue.prefix(1)) }
    }

    /// What sort of value stands there.
    package enum Sort: Sendable, Hashable {
        case text, number, yesOrNo

        var words: String {
            switch self {
            case .text: "a text"
            case .number: "a number"
            case .yesOrNo: "yes or no"
            }
        }
    }

    /// Another value that it was made of, or that was made of it.
    package struct Link: Sendable, Hashable {
        package var part: Part
        package var number: Int
        package var name: String

        package init(_ part: Part, _ number: Int, _ name: String) {
            self.part = part
            self.number = number
            self.name = name
        }
    }

    package var part: Part
    /// Its place among all of them, from 0: the same whenever the page is shown.
    package var number: Int
    package var name: String
    package var sort: Sort
    /// What stands there, where that is a code word or a fact about a system, and about nobody.
    package var code: String?
    package var links: [Link] = []
    /// Where it came from and what was done to it, in words, where no link says so.
    package var notes: [String] = []

    package init(_ part: Part, _ number: Int, _ name: String, sort: Sort = .text, code: String? = nil) {
        self.part = part
        self.number = number
        self.name = name
        self.sort = sort
        self.code = code
    }

    /// By which a form names it.
    package var key: String { "\(part.rawValue)-\(number)" }

    var anchor: String { "\(part.letter)\(number)" }
}

/// One value that somebody asked to see, for one answer.
package struct RevealedValue: Sendable {
    /// Characters that are shown of a long one at most.
    package static let most = 4_000

    package var key: String
    package var text: String

    package init(key: String, text: String) {
        self.key = key
        self.text = text
    }

    /// Where it stands on its page.
    var anchor: String? {
        let parts = key.split(separator: "-")
        guard parts.count == 2, let part = HiddenValue.Part(rawValue: String(parts[0])), let number = Int(parts[1])
        else {
            return nil
        }
        return "\(part.letter)\(number)"
    }

    /// The text with nothing in it that is not seen, and not longer than can be read.
    var shown: String {
        var shown = String.UnicodeScalarView()
        var count = 0
        for scalar in text.replacing("\r\n", with: "\n").replacing("\r", with: "\n").unicodeScalars {
            count += 1
            if count > Self.most { break }
            switch scalar.properties.generalCategory {
            case .control where scalar == "\n" || scalar == "\t": shown.append(scalar)
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                shown.append(contentsOf: "‹U+\(Self.hexadecimal(scalar.value))›".unicodeScalars)
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }

    var isCut: Bool { text.unicodeScalars.count > Self.most }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
