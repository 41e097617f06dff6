import Referral
import Yams

/// Compiles the mapping files of an adapters folder.
struct MappingCompiler {
    let folder: String
    /// The code tables that the mapping may name.
    let tables: [String: CodeTable]
    let extensions: ExtensionGroups
    private(set) var diagnostics: [AdapterDiagnostic] = []

    init(folder: String, tables: [String: CodeTable], extensions: ExtensionGroups) {
        self.folder = folder
        self.tables = tables
        self.extensions = extensions
    }

    /// `extends: envelope` and `mapping: envelope` stand for the document as it is.
    static let envelope = "envelope"

    /// Compiles a file, given by its path below the adapters folder.
    ///
    /// - Parameter inherited: What the mapping that extends this one says of names and columns, which holds in this one too.
    mutating func compile(
        _ name: String, _ format: DocumentFormat, under inherited: Words = Words(), extendedBy chain: [String] = []
    ) -> Mapping? {
        if name == Self.envelope { return Mapping(startsFromDocument: true) }
        guard let file = DefinitionFile.read(name, in: folder, &diagnostics) else { return nil }
        return compile(file, format, under: inherited, extendedBy: chain)
    }

    /// Compiles a file that has been read.
    mutating func compile(
        _ file: DefinitionFile, _ format: DocumentFormat, under inherited: Words = Words(),
        extendedBy chain: [String] = []
    ) -> Mapping? {
        guard case .mapping = file.root else {
            diagnostics.append(
                file.diagnostic(file.root, "", "a mapping is expected", "write one 'field: expression' on each line"))
            return nil
        }
        let own = Words(names: texts(file, "let").compactMapValues(\.first), columns: texts(file, "columns"))
        let words = own.overridden(by: inherited)
        var base = Mapping()
        if let extended = file.root.member("extends") {
            let name = extended.scalarText ?? ""
            guard name != file.name, !chain.contains(name) else {
                diagnostics.append(file.diagnostic(extended, "extends", "the file extends itself", "leave it out"))
                return nil
            }
            guard let found = compile(name, format, under: words, extendedBy: chain + [file.name]) else { return nil }
            base = found
        }
        var grammar = PathGrammar(format)
        let all = base.words.overridden(by: words)
        grammar.names = all.names
        grammar.columns = all.columns
        var compiler = RuleCompiler(
            file: file, dialect: ExpressionParser.Dialect(grammar: grammar, tables: tables),
            fields: EnvelopeFields(extensions: extensions))
        compiler.check(grammar.names)
        var mapping = Mapping(words: all)
        mapping.members = compiler.members(file.root, reserved: ["extends", "let", "columns"])
        diagnostics += compiler.diagnostics
        return mapping.extending(base)
    }

    /// The texts under a key, by name.
    private mutating func texts(_ file: DefinitionFile, _ key: String) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for (name, node, keyNode) in file.root.member(key)?.members ?? [] {
            if let texts = node.texts {
                result[name] = texts
            } else {
                diagnostics.append(file.diagnostic(keyNode, "\(key).\(name)", "a text is expected"))
            }
        }
        return result
    }
}

extension RuleCompiler {
    /// Notes names (`let:`) that stand for no path.
    fileprivate mutating func check(_ names: [String: String]) {
        for name in names.keys.sorted() {
            do throws(SyntaxProblem) {
                _ = try dialect.grammar.path(name)
            } catch {
                note(file.root.member("let")?.member(name), "let.\(name)", error.problem, error.remedy)
            }
        }
    }
}
