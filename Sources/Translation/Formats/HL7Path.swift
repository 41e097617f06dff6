/// A place in an HL7 v2 message, written as people write it: `PID-5.1`.
///
/// | Path | Names |
/// | --- | --- |
/// | `NTE-3` | field 3 of every NTE segment, every repetition |
/// | `PID-3(2).4.2` | second repetition, component 4, subcomponent 2 |
/// | `NK1(2)-2.1` | the second NK1 segment only |
/// | `NK1` | whole segments |
/// | `-2.1` | a field of the segment in hand |
/// | `.4.2` | a component of the field or repetition in hand |
///
/// All numbers count from 1. MSH-1 is the field separator and MSH-2 the encoding characters, as in the standard.
package struct HL7Path: Sendable, Hashable, CustomStringConvertible {
    /// Three characters; nil in a path relative to a segment or a field.
    package private(set) var segment: String?
    /// Which of the segments of that name; nil for all.
    package private(set) var occurrence: Int?
    package private(set) var field: Int?
    /// Which repetition; nil for all.
    package private(set) var repetition: Int?
    package private(set) var component: Int?
    package private(set) var subcomponent: Int?

    /// Reads a path; nil when it is not one.
    package init?(_ text: String) {
        var rest = Substring(text)
        if let first = rest.first, first != "-", first != "." {
            let name = rest.prefix(3)
            guard HL7Segment.isName(Array(name.utf8)) else { return nil }
            segment = String(name)
            rest = rest.dropFirst(3)
            if rest.first == "(" {
                guard let number = Self.bracketed(&rest) else { return nil }
                occurrence = number
            }
        }
        if rest.first == "-" {
            guard let number = Self.number(&rest) else { return nil }
            field = number
            if rest.first == "(" {
                guard let number = Self.bracketed(&rest) else { return nil }
                repetition = number
            }
        }
        if rest.first == ".", segment == nil || field != nil {
            guard let number = Self.number(&rest) else { return nil }
            component = number
            if rest.first == "." {
                guard let number = Self.number(&rest) else { return nil }
                subcomponent = number
            }
        }
        guard rest.isEmpty, !text.isEmpty else { return nil }
    }

    /// `.2`, a component of the field or repetition in hand.
    init(component: Int) { self.component = component }

    package var description: String {
        var text = segment ?? ""
        if let occurrence { text += "(\(occurrence))" }
        if let field { text += "-\(field)" }
        if let repetition { text += "(\(repetition))" }
        if let component { text += ".\(component)" }
        if let subcomponent { text += ".\(subcomponent)" }
        return text
    }

    private static func bracketed(_ rest: inout Substring) -> Int? {
        guard let number = number(&rest), rest.first == ")" else { return nil }
        rest = rest.dropFirst()
        return number
    }

    /// A number from 1 to 999 after one character that introduces it.
    private static func number(_ rest: inout Substring) -> Int? {
        rest = rest.dropFirst()
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        guard let number = Int(digits), (1...999).contains(number) else { return nil }
        return number
    }
}

extension HL7Path: ExpressibleByStringLiteral {
    /// A path known when the program is written; one that is none is a programmer's mistake.
    package init(stringLiteral text: String) {
        guard let path = HL7Path(text) else { preconditionFailure("\(text) is not an HL7 path") }
        self = path
    }
}
