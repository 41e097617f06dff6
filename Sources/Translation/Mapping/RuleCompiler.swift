import Referral
import Yams

/// Compiles the YAML of a mapping or a shape into rules, with every mistake noted and none stopping the rest.
struct RuleCompiler {
    let file: DefinitionFile
    var dialect: ExpressionParser.Dialect
    /// The fields that keys may name; nil where keys are the partner's own.
    let fields: EnvelopeFields?
    private(set) var diagnostics: [AdapterDiagnostic] = []

    init(file: DefinitionFile, dialect: ExpressionParser.Dialect, fields: EnvelopeFields? = nil) {
        self.file = file
        self.dialect = dialect
        self.fields = fields
    }

    /// Notes a mistake.
    mutating func note(_ node: Node?, _ key: String, _ problem: String, _ remedy: String = "") {
        diagnostics.append(file.diagnostic(node, key, problem, remedy))
    }

    /// Compiles an expression; nil, and a diagnostic, when it is wrong.
    mutating func expression(_ node: Node, _ key: String) -> Expression? {
        guard let text = node.scalarText else {
            note(node, key, "an expression is expected", "write it on one line after the key")
            return nil
        }
        do throws(SyntaxProblem) {
            let expression = try ExpressionParser.parse(text, dialect)
            for text in expression.stated.sorted() {
                guard let codes = fields?.codes(of: key, lacking: text) else { continue }
                note(node, key, "'\(text)' is not a code of this field", Suggestion.remedy(for: text, among: codes))
            }
            return expression
        } catch {
            diagnostics.append(file.diagnostic(node, key, error))
            return nil
        }
    }

    /// Compiles a condition.
    mutating func condition(_ node: Node?, _ key: String) -> Condition? {
        guard let node else { return nil }
        do throws(SyntaxProblem) {
            return try ExpressionParser.parseCondition(node.scalarText ?? "", dialect)
        } catch {
            diagnostics.append(file.diagnostic(node, key, error))
            return nil
        }
    }

    /// Compiles the members of a mapping node. Dotted keys and nested mappings mean the same.
    ///
    /// - Parameters:
    ///   - path: The field that the node is the value of; empty at the top.
    ///   - reserved: Keys of the node that are not members.
    mutating func members(
        _ node: Node, at path: String = "", reserved: Set<String> = ["each", "when"]
    ) -> [Rule.Member] {
        var tree = MemberTree()
        for (key, value, keyNode) in node.members where !reserved.contains(key) {
            let names = fields == nil ? [key] : key.split(separator: ".").map(String.init)
            let field = path.isEmpty ? key : "\(path).\(key)"
            guard let kind = kind(of: field, keyNode), let rule = rule(value, at: field, kind, keyNode) else {
                continue
            }
            if !tree.insert(rule, kind, at: names[...]) {
                note(keyNode, field, "the field is filled twice", "keep one of the two")
            }
        }
        return tree.members
    }

    /// Compiles the value of a key.
    ///
    /// - Parameter keyNode: The key, at whose line mistakes of the whole value are shown.
    mutating func rule(_ node: Node, at path: String, _ kind: FieldKind, _ keyNode: Node? = nil) -> Rule? {
        let place = keyNode ?? node
        switch node {
        case .scalar: return expression(node, path).map(Rule.leaf)
        case .sequence(let sequence):
            if fields != nil, !kind.isList, kind != .any {
                note(place, path, "the field holds one value", "give one expression, with 'or' between paths")
            }
            return .list(sequence.compactMap { rule($0, at: path, kind) })
        case .mapping:
            if node.member("each") != nil { return each(node, at: path, kind, place) }
            if fields != nil, kind == .text || kind == .flag || kind == .number || kind == .texts {
                note(place, path, "the field holds no parts", "give an expression")
                return nil
            }
            let condition = condition(node.member("when"), path)
            let content = Rule.Content.members(members(node, at: path))
            // The envelope's own objects say what the adapter says; entries of lists are there for what they find.
            return .object(Rule.Block(condition: condition, content: content, standsAlone: kind == .object))
        case .alias: return nil
        }
    }

    /// Compiles a block that is repeated for each item.
    private mutating func each(_ node: Node, at path: String, _ kind: FieldKind, _ place: Node) -> Rule? {
        guard let source = node.member("each"), let over = expression(source, path) else { return nil }
        if fields != nil, !kind.isList, kind != .any {
            note(place, path, "the field holds one value", "'each' is for lists; give one expression")
        }
        let outer = dialect
        dialect.grammar = dialect.grammar.inside(over.paths.first)
        defer { dialect = outer }
        let condition = condition(node.member("when"), path)
        if let value = node.member("value"), node.members.allSatisfy({ ["each", "when", "value"].contains($0.key) }),
            kind != .objects
        {
            return expression(value, path).map { .each(over, Rule.Block(condition: condition, content: .value($0))) }
        }
        return .each(over, Rule.Block(condition: condition, content: .members(members(node, at: path))))
    }

    private mutating func kind(of field: String, _ node: Node) -> FieldKind? {
        guard let fields else { return .any }
        if let kind = fields.kind(of: field) { return kind }
        note(node, field, "no such field", Suggestion.remedy(for: field, among: fields.names))
        return nil
    }
}

/// Members gathered from dotted keys: `person.given` and `person.family` end up in one `person`.
private struct MemberTree {
    private(set) var members: [Rule.Member] = []

    /// False when the place is taken.
    mutating func insert(_ rule: Rule, _ kind: FieldKind, at names: ArraySlice<String>) -> Bool {
        guard let name = names.first else { return false }
        let position = members.firstIndex { $0.key == name }
        if names.count == 1 {
            guard let position else {
                members.append(Rule.Member(key: name, rule: rule, kind: kind))
                return true
            }
            guard case .object(let block) = rule, case .members(let added) = block.content, block.condition == nil
            else {
                return false
            }
            return added.allSatisfy { merge($0.rule, $0.kind, at: [$0.key], into: position) }
        }
        if let position { return merge(rule, kind, at: names.dropFirst(), into: position) }
        members.append(
            Rule.Member(key: name, rule: .object(Rule.Block(content: .members([]), standsAlone: true)), kind: .object))
        return merge(rule, kind, at: names.dropFirst(), into: members.count - 1)
    }

    private mutating func merge(
        _ rule: Rule, _ kind: FieldKind, at names: ArraySlice<String>, into position: Int
    ) -> Bool {
        guard case .object(var block) = members[position].rule, case .members(let inner) = block.content else {
            return false
        }
        var tree = MemberTree()
        tree.members = inner
        guard tree.insert(rule, kind, at: names) else { return false }
        block.content = .members(tree.members)
        members[position].rule = .object(block)
        return true
    }
}
