extension Document {
    /// What the document says, in order, as plain text: what a test compares, since a PDF's bytes are different with every
    /// version of the libraries and the fonts.
    package var outline: String {
        var text = "\(marking)\nReference: \(reference)\n"
        for line in lines { text += line.outline + "\n" }
        return text
    }
}

extension Document.Line {
    fileprivate var outline: String {
        switch self {
        case .title(let text): "\n# \(text)"
        case .entry(let heading, _): "- \(heading)"
        case .heading(let text): "\n## \(text)"
        case .row(let number, let label, let value): "\(number.written)\(label): \(value.continued)"
        case .paragraph(let number, let text): "\(number.written)\(text.continued)"
        case .point(let number, let text): number.map { "\($0). \(text.continued)" } ?? "- \(text.continued)"
        case .columns(let columns): "| " + columns.joined(separator: " | ")
        case .cells(let number, let cells): "\(number.written)| " + cells.map(\.continued).joined(separator: " | ")
        }
    }
}

extension Int? {
    fileprivate var written: String { map { "\($0). " } ?? "" }
}

extension String {
    /// The text with the lines after its first set in, so that none can be taken for another row.
    fileprivate var continued: String { replacing("\n", with: "\n    ") }
}
