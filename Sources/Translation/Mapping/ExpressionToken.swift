/// A piece of an expression's text.
enum ExpressionToken: Hashable {
    /// A path, a step's name or a bare argument. Brackets and parentheses inside a word may hold spaces and quotes.
    case word(String)
    /// Text in single or double quotes; a doubled quote stands for itself.
    case quoted(String)
    /// `{ S = urgent, A = soon }`; `S: urgent` is the same, for expressions that YAML is told to quote.
    case table([CodeTable.Entry])
    case pipe
    case plus
    case comma
    case equals
    case differs
    case contains
    case open
    case close

    /// How the token reads in a diagnostic.
    var text: String {
        switch self {
        case .word(let text): text
        case .quoted(let text): "'\(text)'"
        case .table: "{…}"
        case .pipe: "|"
        case .plus: "+"
        case .comma: ","
        case .equals: "="
        case .differs: "!="
        case .contains: "*="
        case .open: "("
        case .close: ")"
        }
    }
}

/// Cuts an expression's text into tokens.
struct ExpressionLexer {
    private let characters: [Character]
    private var position = 0

    /// The tokens of a whole expression.
    static func tokens(of text: String) throws(SyntaxProblem) -> [ExpressionToken] {
        var lexer = ExpressionLexer(characters: Array(text))
        var tokens: [ExpressionToken] = []
        while let token = try lexer.next() { tokens.append(token) }
        return tokens
    }

    private init(characters: [Character]) { self.characters = characters }

    private var current: Character? { position < characters.count ? characters[position] : nil }
    private var following: Character? { position + 1 < characters.count ? characters[position + 1] : nil }

    private mutating func next() throws(SyntaxProblem) -> ExpressionToken? {
        skipSpaces()
        guard let character = current else { return nil }
        switch (character, following) {
        case ("|", _): return take(.pipe)
        case (",", _): return take(.comma)
        case ("(", _): return take(.open)
        case (")", _): return take(.close)
        case ("=", _): return take(.equals)
        case ("!", "="): return take(.differs, length: 2)
        case ("*", "="): return take(.contains, length: 2)
        case ("+", let after) where after == nil || after == " ": return take(.plus)
        case ("'", _), ("\"", _): return .quoted(try quoted())
        case ("{", _): return .table(try table())
        default: return .word(try word())
        }
    }

    private mutating func take(_ token: ExpressionToken, length: Int = 1) -> ExpressionToken {
        position += length
        return token
    }

    private mutating func skipSpaces() {
        while let character = current, character.isWhitespace { position += 1 }
    }

    private mutating func quoted() throws(SyntaxProblem) -> String {
        let quote = characters[position]
        position += 1
        var text = ""
        while let character = current {
            position += 1
            if character != quote {
                text.append(character)
            } else if current == quote {
                text.append(quote)
                position += 1
            } else {
                return text
            }
        }
        throw SyntaxProblem(
            problem: "the quote \(quote) is not closed", remedy: "close it, or double it inside the text")
    }

    /// Everything up to a space or an operator; brackets nest and protect what is inside them.
    private mutating func word() throws(SyntaxProblem) -> String {
        var text = ""
        var closers: [Character] = []
        while let character = current {
            if closers.isEmpty {
                if character.isWhitespace || "|,)=".contains(character) { break }
                if "!*".contains(character), following == "=" { break }
            }
            switch character {
            case "[": closers.append("]")
            case "(": closers.append(")")
            case closers.last: closers.removeLast()
            default: break
            }
            text.append(character)
            position += 1
        }
        if let closer = closers.last {
            throw SyntaxProblem(problem: "'\(text)' lacks its closing '\(closer)'")
        }
        return text
    }

    private mutating func table() throws(SyntaxProblem) -> [CodeTable.Entry] {
        position += 1
        var entries: [CodeTable.Entry] = []
        while true {
            skipSpaces()
            guard let character = current else {
                throw SyntaxProblem(problem: "the code table is not closed", remedy: "end it with '}'")
            }
            if character == "}" {
                position += 1
                return entries
            }
            if character == "," {
                position += 1
                continue
            }
            let code = try cell(until: "=:")
            guard let separator = current, "=:".contains(separator) else {
                throw SyntaxProblem(
                    problem: "'\(code)' has no meaning in the code table", remedy: "write \(code) = meaning")
            }
            position += 1
            entries.append(CodeTable.Entry(code: code, meaning: try cell(until: ",}")))
        }
    }

    /// A code or a meaning: quoted text, or everything up to one of the stops, without the spaces around it.
    private mutating func cell(until stops: String) throws(SyntaxProblem) -> String {
        skipSpaces()
        if let character = current, character == "'" || character == "\"" {
            let text = try quoted()
            skipSpaces()
            return text
        }
        var text = ""
        while let character = current, !stops.contains(character), character != "}" {
            text.append(character)
            position += 1
        }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
