/// Why bytes could not be read as a document.
///
/// Nothing in it quotes the document, so it may be logged and sent back to whoever posted the bytes.
package struct DocumentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `not_parseable`, `encoding`, `schema`, `missing` or `too_large`.
    package var code: FindingCode
    /// Where reading stopped, in the format's own terms: `line 3, column 7`, `segment 2`, `MSH-10`. Empty for the whole.
    package var path: String
    /// What is wrong and what is expected, in plain words.
    package var text: String

    package init(_ code: FindingCode, at path: String, _ text: String) {
        self.code = code
        self.path = path
        self.text = text
    }

    /// The same as a finding, for receipts and acknowledgements.
    package var finding: Finding { Finding(code, at: path, text) }

    package var description: String {
        path.isEmpty ? "\(code.rawValue): \(text)" : "\(code.rawValue) at \(path): \(text)"
    }
}

extension DocumentError {
    /// No bytes, or nothing but white space.
    package static let empty = DocumentError(.notParseable, at: "", "the document is empty")

    package static func tooLarge(_ text: String, at path: String = "") -> DocumentError {
        DocumentError(.tooLarge, at: path, text)
    }
}
