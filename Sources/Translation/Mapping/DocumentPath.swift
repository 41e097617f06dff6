import Referral

/// A compiled path: the one part of the mapping language that differs from format to format.
///
/// In every format a path that starts with a dot starts at the item in hand; any other starts at the document.
enum DocumentPath: Sendable {
    case tree(TreePath)
    /// A path in a release, with the field that it names.
    case release(TreePath, ReleaseField)
    case xml(XMLPath)
    case hl7(HL7Selector)
    case column(ColumnPath)
    /// `$index`: the position of the item in hand, from 1.
    case index

    /// The items found, in the document's order.
    func items(_ scope: Scope) -> [Item] {
        switch self {
        case .tree(let path), .release(let path, _): path.items(scope)
        case .xml(let path): path.items(scope)
        case .hl7(let path): path.items(scope)
        case .column(let path): path.items(scope)
        case .index:
            [Item(literal: .number(String(scope.index)), at: "$index")]
        }
    }
}

/// How the paths of one mapping or shape are read.
struct PathGrammar: Sendable {
    /// The language of the paths.
    enum Language: Sendable, Hashable {
        case tree
        case xml
        case hl7
        case columns
        /// A release, of which only fields with a group can be named.
        case release
    }

    var language: Language
    /// Names for paths (`let:` in a mapping), put in place of a path's first word.
    var names: [String: String] = [:]
    /// Synonyms of column names.
    var columns: [String: [String]] = [:]
    /// The release field that a leading dot stands for, inside an `each` of a shape.
    var base: ReleaseField?
    /// The extension fields that may be named in a release.
    var extensions = ExtensionGroups()
    /// The printed documents that may be named beside a release's fields, as `document.letter`.
    var documents: Set<String> = []

    /// The grammar of a document format.
    init(_ format: DocumentFormat) {
        language =
            switch format {
            case .json, .fhir: .tree
            case .hl7v2: .hl7
            case .xml: .xml
            case .csv, .pdf: .columns
            }
    }

    /// The grammar of shapes.
    init(releaseWith extensions: ExtensionGroups, documents: Set<String> = []) {
        language = .release
        self.extensions = extensions
        self.documents = documents
    }

    /// Compiles a path.
    func path(_ text: String) throws(SyntaxProblem) -> DocumentPath {
        if text == "$index" { return .index }
        let text = try expanded(text)
        switch language {
        case .tree: return .tree(try TreePath(text))
        case .xml: return .xml(try XMLPath(text))
        case .hl7: return .hl7(try HL7Selector(text))
        case .columns: return .column(try ColumnPath(text, synonyms: columns))
        case .release:
            let path = try TreePath(text)
            return .release(path, try ReleaseField(path, from: base, extensions: extensions, documents: documents))
        }
    }

    /// The grammar inside an `each` over what a path finds.
    func inside(_ path: DocumentPath?) -> PathGrammar {
        guard case .release(_, let field)? = path else { return self }
        var grammar = self
        grammar.base = field
        return grammar
    }

    private func expanded(_ text: String) throws(SyntaxProblem) -> String {
        var text = text
        // Each name may use another; no chain of any use is longer.
        for _ in 0...min(names.count, 20) {
            let word = String(text.prefix { $0.isLetter || $0 == "_" || $0.isASCIIDigit })
            guard let path = names[word] else { return text }
            text = path + text.dropFirst(word.count)
        }
        throw SyntaxProblem(
            problem: "the name '\(text)' stands for itself", remedy: "give it a path that does not use it")
    }
}
