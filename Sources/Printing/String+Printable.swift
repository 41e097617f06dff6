extension String {
    /// The text as paper can take it: every kind of line end is a line feed, a tab is a space, and neither control
    /// characters nor Unicode's noncharacters are in it, which cairo refuses together with all around them.
    var printable: String {
        var result = String.UnicodeScalarView()
        for character in self {
            if character.isNewline {
                result.append("\n")
            } else {
                for scalar in character.unicodeScalars {
                    if scalar == "\t" {
                        result.append(" ")
                    } else if !scalar.isUnprintable {
                        result.append(scalar)
                    }
                }
            }
        }
        return String(result)
    }
}

extension UnicodeScalar {
    /// Control characters, and the noncharacters of the Unicode Standard, section 23.7.
    fileprivate var isUnprintable: Bool {
        properties.generalCategory == .control || (0xFDD0...0xFDEF).contains(value) || value & 0xFFFE == 0xFFFE
    }
}
