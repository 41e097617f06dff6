extension Document {
    /// One thing on the paper that stands on a line of its own, in the order of reading.
    enum Line: Sendable, Hashable {
        case title(String)
        /// An entry of the index: a section's heading, by its position among the headings.
        case entry(String, section: Int)
        case heading(String)
        case row(number: Int?, label: String, value: String)
        case paragraph(number: Int?, String)
        case point(number: Int?, String)
        /// The headings of a table's columns.
        case columns([String])
        /// A table's row, with a cell for each column.
        case cells(number: Int?, [String])
    }

    /// Everything on the paper but the heads and feet of its pages, with letters and numbers given.
    var lines: [Line] {
        var lines: [Line] = [.title(title)]
        let headings = sections.compactMap(\.heading).enumerated().map { index, heading in
            isNumbered ? "\(Self.letters(index)). \(heading)" : heading
        }
        if hasIndex { lines += headings.enumerated().map { .entry($1, section: $0) } }
        var number = 0
        func next() -> Int? {
            number += 1
            return isNumbered ? number : nil
        }
        var section = 0
        for part in sections {
            if part.heading != nil {
                lines.append(.heading(headings[section]))
                section += 1
            }
            for part in part.parts {
                switch part {
                case .rows(let rows): lines += rows.map { .row(number: next(), label: $0.label, value: $0.value) }
                case .paragraphs(let texts): lines += texts.map { .paragraph(number: next(), $0) }
                case .list(let texts): lines += texts.map { .point(number: next(), $0) }
                case .table(let columns, let rows):
                    lines.append(.columns(columns))
                    lines += rows.map { .cells(number: next(), $0) }
                }
            }
        }
        return lines
    }

    /// `A` to `Z`, then `AA` and on.
    private static func letters(_ index: Int) -> String {
        let letter = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index % 26)))
        return index < 26 ? letter : letters(index / 26 - 1) + letter
    }
}

extension Document.Line {
    /// How many lines of print it takes, roughly: one for each break and each 100 bytes. Asked before anything is set.
    var estimatedLines: Int {
        switch self {
        case .title(let text), .entry(let text, _), .heading(let text), .paragraph(_, let text), .point(_, let text):
            Self.estimate(text)
        case .row(_, let label, let value): Self.estimate(label) + Self.estimate(value)
        case .columns(let texts), .cells(_, let texts): texts.reduce(1) { $0 + Self.estimate($1) }
        }
    }

    private static func estimate(_ text: String) -> Int {
        text.unicodeScalars.reduce(1 + text.utf8.count / 100) { count, scalar in
            switch scalar {
            case "\n", "\r", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}": count + 1
            default: count
            }
        }
    }
}
