import Referral

/// Reads an expression of the mapping language: `path or path | step | step …`.
///
///     expression  = "always" literal | ["each"] alternatives { "|" step }
///     alternatives = sum { "or" sum }
///     sum         = operand { "+" operand }
///     operand     = path | 'literal' | "(" expression ")"
///     step        = name["?" | "!"] arguments
struct ExpressionParser {
    private var dialect: Dialect
    private let source: String
    private var tokens: ArraySlice<ExpressionToken>
    /// In so many parentheses stands what is read.
    private var depth = 0
    /// The parser calls itself for each parenthesis: without a bound, enough of them end the process.
    private static let deepest = 50

    /// What the words of an expression may refer to.
    struct Dialect: Sendable {
        /// The language of the paths.
        var grammar: PathGrammar
        /// Named code tables: the adapter's own before the shared ones.
        var tables: [String: CodeTable] = [:]
    }

    /// Compiles an expression.
    static func parse(_ text: String, _ dialect: Dialect) throws(SyntaxProblem) -> Expression {
        var parser = try ExpressionParser(text, dialect)
        let expression = try parser.expression()
        try parser.expectEnd()
        return expression
    }

    /// Compiles a condition.
    static func parseCondition(_ text: String, _ dialect: Dialect) throws(SyntaxProblem) -> Condition {
        var parser = try ExpressionParser(text, dialect)
        let condition = try parser.condition()
        try parser.expectEnd()
        return condition
    }

    private init(_ text: String, _ dialect: Dialect) throws(SyntaxProblem) {
        source = text.trimmed
        self.dialect = dialect
        tokens = try ExpressionLexer.tokens(of: text)[...]
        if tokens.isEmpty {
            throw SyntaxProblem(problem: "there is no expression", remedy: "give a path, or 'always' and a text")
        }
    }

    private mutating func expression() throws(SyntaxProblem) -> Expression {
        if takeWord("always") {
            let value = try literal(after: "always")
            return Expression(alternatives: [[.literal(value)]], steps: [], source: ownSource)
        }
        let takesAll = tokens.count > 1 && takeWord("each")
        var alternatives = [try sum()]
        while takeWord("or") { alternatives.append(try sum()) }
        var steps: [Expression.Step] = []
        var found = alternatives.joined().lazy.compactMap { if case .path(let path) = $0 { path } else { nil } }.first
        while take(.pipe) {
            steps.append(try step(on: found))
            if case .map(let path)? = steps.last { found = path }
        }
        return Expression(alternatives: alternatives, steps: steps, takesAll: takesAll, source: ownSource)
    }

    /// The text of what is read. A group is given its own by whoever reads it: would each look for its steps in the whole, many
    /// of them would take long.
    private var ownSource: String { depth == 0 ? source : "" }

    private mutating func sum() throws(SyntaxProblem) -> [Expression.Operand] {
        var operands = [try operand()]
        while take(.plus) { operands.append(try operand()) }
        return operands
    }

    private mutating func operand() throws(SyntaxProblem) -> Expression.Operand {
        switch tokens.popFirst() {
        case .quoted(let text): return .literal(.string(text))
        case .word(let text): return .path(try dialect.grammar.path(text))
        case .open:
            guard depth < Self.deepest else {
                throw SyntaxProblem(
                    problem: "it is nested too deeply",
                    remedy: "use \(Self.deepest) parentheses within each other at most")
            }
            let before = tokens
            depth += 1
            var group = try expression()
            depth -= 1
            // A finding of the group names the group's path, not the first of the whole.
            group.source = before[..<tokens.startIndex].map(\.text).joined(separator: " ")
            guard take(.close) else { throw SyntaxProblem(problem: "'(' is not closed", remedy: "add ')'") }
            return .group(group)
        case let token?:
            throw SyntaxProblem(problem: "'\(token.text)' stands where a path is expected")
        case nil:
            throw SyntaxProblem(problem: "a path is missing at the end")
        }
    }

    /// - Parameter found: The path whose items the step works on, from which paths with a leading dot go on.
    private mutating func step(on found: DocumentPath?) throws(SyntaxProblem) -> Expression.Step {
        guard case .word(var name)? = tokens.popFirst() else {
            throw SyntaxProblem(problem: "a step is missing after '|'", remedy: "such as | date or | trim")
        }
        let refused: Expression.Refused = name.hasSuffix("?") ? .kept : name.hasSuffix("!") ? .dropped : .error
        if refused != .error { name.removeLast() }
        if refused != .error, refused == .dropped || name != "code", Transform.named(name)?.canFail != true {
            let mark = refused == .kept ? "?" : "!"
            throw SyntaxProblem(
                problem: "'\(name)\(mark)' is not possible", remedy: "only steps that check a text take '\(mark)'")
        }
        switch name {
        case "code": return .code(try codeTable(), keepsRaw: refused == .kept)
        case "default": return .fallback(try literal(after: "default"))
        case "required": return .required
        case "when": return .when(try condition())
        case "where": return .keep(try inside(found) { parser throws(SyntaxProblem) in try parser.condition() })
        case "map": return .map(try inside(found) { parser throws(SyntaxProblem) in try parser.itemPath() })
        case "first": return .gather(.first)
        case "last": return .gather(.last)
        case "one": return .gather(.one)
        case "unique": return .gather(.unique)
        case "count": return .gather(.count)
        case "join": return .gather(.join(separator(else: " ")))
        case "split": return .gather(.split(separator(else: ",")))
        default:
            guard let transform = Transform.named(name) else {
                throw SyntaxProblem(
                    problem: "there is no step '\(name)'",
                    remedy: Suggestion.remedy(for: name, among: Transform.names + Self.structuralSteps))
            }
            return .transform(try transform.reading(arguments()), refused)
        }
    }

    /// The steps that are not transforms of a text, for suggestions.
    static let structuralSteps = [
        "code", "default", "required", "when", "where", "map", "first", "last", "one", "unique", "count", "join",
        "split",
    ]

    private mutating func condition() throws(SyntaxProblem) -> Condition {
        var clauses: [Condition.Clause] = []
        repeat {
            let negated = takeWord("not")
            let operand = try operand()
            let expression = Expression(alternatives: [[operand]], steps: [], source: "")
            clauses.append(Condition.Clause(operand: expression, test: try test(negated: negated)))
        } while takeWord("and")
        return Condition(clauses: clauses)
    }

    private mutating func test(negated: Bool) throws(SyntaxProblem) -> TextTest {
        if negated { return .absent }
        if take(.equals) { return .isOneOf(try choices()) }
        if take(.differs) { return .isNoneOf(try choices()) }
        if take(.contains) { return .contains(try text(after: "*=")) }
        return .present
    }

    private mutating func choices() throws(SyntaxProblem) -> [String] {
        var choices = [try text(after: "=")]
        while take(.comma) { choices.append(try text(after: ",")) }
        return choices
    }

    private mutating func codeTable() throws(SyntaxProblem) -> CodeTable {
        switch tokens.popFirst() {
        case .table(let entries): return try CodeTable(entries)
        case .word(let name):
            if let table = dialect.tables[name] { return table }
            throw SyntaxProblem(
                problem: "there is no code table '\(name)'",
                remedy: Suggestion.remedy(for: name, among: Array(dialect.tables.keys)))
        default:
            throw SyntaxProblem(problem: "'code' lacks its table", remedy: "name one, or write code { code = meaning }")
        }
    }

    private mutating func inside<Result>(
        _ path: DocumentPath?, _ read: (inout ExpressionParser) throws(SyntaxProblem) -> Result
    ) throws(SyntaxProblem) -> Result {
        let outer = dialect
        dialect.grammar = dialect.grammar.inside(path)
        defer { dialect = outer }
        return try read(&self)
    }

    private mutating func itemPath() throws(SyntaxProblem) -> DocumentPath {
        guard case .word(let text)? = tokens.popFirst(), text.hasPrefix(".") else {
            throw SyntaxProblem(problem: "'map' lacks its path", remedy: "give one that starts with a dot")
        }
        return try dialect.grammar.path(text)
    }

    private mutating func separator(else usual: String) -> String {
        switch arguments().first {
        case .quoted(let text)?: text
        case .word("lines")?: "\n"
        case .word("commas")?: ", "
        case let token?: token.text
        case nil: usual
        }
    }

    private mutating func arguments() -> [ExpressionToken] {
        let arguments = tokens.prefix { $0 != .pipe && $0 != .close }
        tokens = tokens[arguments.endIndex...]
        return Array(arguments)
    }

    /// All bare words up to the end of the step as one text (`always Derby City Council`), or one quoted text. Bare `true`,
    /// `false` and whole numbers are not texts.
    private mutating func literal(after name: String) throws(SyntaxProblem) -> Value {
        let arguments = arguments()
        guard let first = arguments.first else {
            throw SyntaxProblem(problem: "'\(name)' lacks its text", remedy: "such as: \(name) routine")
        }
        if case .quoted(let text) = first, arguments.count == 1 { return .string(text) }
        let isPlain = arguments.allSatisfy { if case .word = $0 { true } else { false } }
        guard isPlain else {
            throw SyntaxProblem(problem: "the text after '\(name)' is not plain", remedy: "put it in quotes")
        }
        let text = arguments.map(\.text).joined(separator: " ")
        if text == "true" || text == "false" { return .bool(text == "true") }
        if text == "0" || (text.allSatisfy(\.isASCIIDigit) && text.first != "0") { return .number(text) }
        return .string(text)
    }

    private mutating func text(after sign: String) throws(SyntaxProblem) -> String {
        switch tokens.popFirst() {
        case .word(let text), .quoted(let text): return text
        default: throw SyntaxProblem(problem: "a text is missing after '\(sign)'")
        }
    }

    private mutating func take(_ token: ExpressionToken) -> Bool {
        guard tokens.first == token else { return false }
        tokens.removeFirst()
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool { take(.word(word)) }

    private mutating func expectEnd() throws(SyntaxProblem) {
        guard let token = tokens.first else { return }
        throw SyntaxProblem(
            problem: "'\(token.text)' is too much here", remedy: "put steps after '|', other paths after 'or' or '+'")
    }
}

extension Character {
    /// Whether this is one of the ten ASCII digits.
    var isASCIIDigit: Bool { ("0"..."9").contains(self) && isASCII }
}
