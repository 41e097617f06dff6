import Referral
import Yams

/// A compiled shape: what goes out, with expressions over a release at its leaves.
///
/// A format's writer serialises what the leaves give, so escaping, validity and the dropping of empty parts are not in an
/// adapter author's hands.
struct Shape: Sendable {
    var content: Content = .tree(.object(Rule.Block(content: .members([]))))
    /// Every field of the release that the shape names, each once, by name.
    var fields: [ReleaseField] = []

    enum Content: Sendable {
        /// JSON.
        case tree(Rule)
        /// XML: the root element's name.
        case element(String, Rule)
        /// A table: headings in order, and the rule that gives one object or several.
        case table([String], Rule)
        /// HL7 v2: segments in order, MSH first; a rule that gives several objects gives several segments.
        case segments([(name: String, rule: Rule)])
        /// A PDF: the rule that gives what it says.
        case document(Rule)
    }
}

extension Shape {
    fileprivate var expressions: [Expression] {
        switch content {
        case .tree(let rule), .element(_, let rule), .table(_, let rule), .document(let rule): rule.expressions
        case .segments(let segments): segments.flatMap { $0.rule.expressions }
        }
    }
}

extension RuleCompiler {
    /// Compiles the YAML of a shape; mistakes are in ``diagnostics``.
    ///
    /// - Parameter documents: The printed documents that its leaves may name.
    static func shape(
        _ file: DefinitionFile, _ format: DocumentFormat, tables: [String: CodeTable], extensions: ExtensionGroups,
        documents: Set<String> = []
    ) -> (Shape, [AdapterDiagnostic]) {
        let grammar = PathGrammar(releaseWith: extensions, documents: documents)
        var compiler = RuleCompiler(file: file, dialect: ExpressionParser.Dialect(grammar: grammar, tables: tables))
        var shape = Shape()
        if let content = compiler.content(format) { shape.content = content }
        shape.fields = ReleaseField.named(in: shape.expressions)
        return (shape, compiler.diagnostics)
    }

    private mutating func content(_ format: DocumentFormat) -> Shape.Content? {
        let root = file.root
        switch format {
        case .json, .fhir: return rule(root, at: "", .any).map(Shape.Content.tree)
        case .xml:
            guard let (name, node, _) = root.members.first, root.members.count == 1, XMLWriter.isName(name) else {
                note(root, "", "one key is expected", "write the root element's name, and everything else below it")
                return nil
            }
            return rule(node, at: name, .any).map { .element(name, $0) }
        case .csv:
            guard let rule = rule(root, at: "", .any) else { return nil }
            return .table(root.members.map(\.key).filter { $0 != "each" && $0 != "when" }, rule)
        case .hl7v2: return segments(root)
        case .pdf:
            checkDocument()
            return rule(root, at: "", .any).map(Shape.Content.document)
        }
    }

    private mutating func segments(_ root: Node) -> Shape.Content? {
        guard case .sequence(let sequence) = root else {
            note(root, "", "a list of segments is expected", "write '- MSH: { 3: … }' and so on, one for each segment")
            return nil
        }
        var segments: [(name: String, rule: Rule)] = []
        for node in sequence {
            guard let (name, fields, keyNode) = node.members.first, node.members.count == 1,
                HL7Path(name)?.segment == name
            else {
                note(node, "", "a segment is expected", "write '- PID: { 5: … }'")
                continue
            }
            checkPositions(fields, at: name)
            if segments.isEmpty, name != "MSH" {
                note(keyNode, name, "the first segment is not MSH", "begin with '- MSH:'")
            }
            if let rule = rule(fields, at: name, .any) { segments.append((name, rule.withComponents)) }
        }
        return .segments(segments)
    }

    private mutating func checkPositions(_ node: Node, at path: String) {
        if case .sequence(let sequence) = node {
            for element in sequence { checkPositions(element, at: path) }
        }
        for (key, value, keyNode) in node.members where !["each", "when", "value"].contains(key) {
            if HL7Path("-\(key)")?.field == nil || key.contains("(") {
                note(keyNode, "\(path)-\(key)", "'\(key)' is not a position", "write a number from 1, or one like 5.1")
            }
            checkPositions(value, at: path)
        }
    }
}

extension Rule {
    /// The rule with `P^Pending^HL70283` after `always` taken apart at the carets: what an adapter author writes may be
    /// structure, what a release holds never is.
    fileprivate var withComponents: Rule {
        switch self {
        case .leaf(let expression):
            guard case .string(let text)? = expression.constant, text.contains("^") else { return self }
            let parts = text.split(separator: "^", omittingEmptySubsequences: false).enumerated()
            return .object(
                Block(
                    content: .members(
                        parts.map { index, part in
                            let literal = Expression(
                                alternatives: [[.literal(.string(String(part)))]], steps: [], source: expression.source)
                            return Member(key: String(index + 1), rule: .leaf(literal))
                        })))
        case .object(let block): return .object(block.withComponents)
        case .each(let expression, let block): return .each(expression, block.withComponents)
        case .list(let rules): return .list(rules.map(\.withComponents))
        }
    }
}

extension Rule.Block {
    fileprivate var withComponents: Rule.Block {
        guard case .members(let members) = content else { return self }
        let parted = members.map { Rule.Member(key: $0.key, rule: $0.rule.withComponents, kind: $0.kind) }
        return Rule.Block(condition: condition, content: .members(parted), standsAlone: standsAlone)
    }
}
