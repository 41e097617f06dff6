import Referral
import Testing

@testable import Translation

struct ExpressionParserTests {
    private func mistake(_ text: String, _ format: DocumentFormat = .json) -> SyntaxProblem? {
        let table = try? CodeTable([CodeTable.Entry(code: "a", meaning: "b")])
        let dialect = ExpressionParser.Dialect(
            grammar: PathGrammar(format), tables: ["sexes": table].compactMapValues(\.self))
        do throws(SyntaxProblem) {
            _ = try ExpressionParser.parse(text, dialect)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "a.b", "a or b or c.d", "a + b | join", "(a | trim) or 'x'", "always Derby City Council", "always 'a, b'",
        "a | code { A = b, C = 'd, e', 'f g' = h }", "a | code? { S: urgent, * = nothing } | default routine",
        "a | when b = c, d and not e and f != g and h *= i", "each a | where .b = c | map .d | unique", "$index",
        "a[b=c d][0].e->f", "a | join ', '", "a | split lines | first", "a | date? hl7", "a | take last 20",
        "a | join lines | required",
    ]) func `well-formed expressions compile`(_ text: String) {
        #expect(mistake(text) == nil)
    }

    @Test(arguments: [
        ("", "there is no expression", ""),
        ("a | dat", "there is no step 'dat'", "did you mean 'date'?"),
        ("a | code sexs", "there is no code table 'sexs'", "did you mean 'sexes'?"),
        ("a | code", "'code' lacks its table", "name one"),
        ("a | code { }", "the code table is empty", "write"),
        ("a | code { A = b, a = c }", "the code 'a' is listed twice", "keep one"),
        ("a | code { A }", "'A' has no meaning", "write A = meaning"),
        ("a | code { A = b", "the code table is not closed", "end it with '}'"),
        ("a b", "'b' is too much here", "after '|'"),
        ("a |", "a step is missing", "such as"),
        ("a or", "a path is missing at the end", ""),
        ("(a", "'(' is not closed", "add ')'"),
        ("'a", "the quote ' is not closed", "close it"),
        ("a[b", "'a[b' lacks its closing ']'", ""),
        ("a | trim?", "'trim?' is not possible", "check"), ("a | trim!", "'trim!' is not possible", "check"),
        ("a | code! { b = c }", "'code!' is not possible", "check"),
        ("a | date us", "there is no form 'us'", "known: hl7, iso, uk"),
        ("a | take", "'take' lacks its number", "take 20"),
        ("a | trim x", "'x' is too much here", "no arguments"),
        ("a | map b", "'map' lacks its path", "a dot"),
        ("a | default", "'default' lacks its text", "default routine"),
        ("always", "'always' lacks its text", "always routine"),
        ("always a (b)", "is not plain", "quotes"),
        ("a | when b =", "a text is missing after '='", ""),
        (String(repeating: "(", count: 80_000), "it is nested too deeply", "50 parentheses"),
        (String(repeating: "(", count: 51) + "a" + String(repeating: ")", count: 51), "nested too deeply", "50"),
    ]) func `a mistake is named with its remedy`(_ text: String, _ expected: String, _ remedy: String) throws {
        let problem = try #require(mistake(text))
        #expect(problem.problem.contains(expected))
        #expect(problem.remedy.contains(remedy))
    }

    @Test(arguments: [
        (DocumentFormat.hl7v2, "PID5.1"), (.hl7v2, "PID-3[x=1]"), (.hl7v2, "pid-5"), (.xml, "a//b[c"), (.xml, "p:name"),
        (.csv, "d.o.b."), (.json, "a&b"), (.json, ".."),
    ]) func `a path of another format is refused`(_ format: DocumentFormat, _ path: String) {
        #expect(mistake(path, format) != nil)
    }

    @Test func `bare true, false and whole numbers are values, quoted ones texts`() throws {
        let dialect = ExpressionParser.Dialect(grammar: PathGrammar(.json))
        #expect(try ExpressionParser.parse("always true", dialect).constant == true)
        #expect(try ExpressionParser.parse("always 'true'", dialect).constant == "true")
        #expect(try ExpressionParser.parse("always 42", dialect).constant == 42)
        #expect(try ExpressionParser.parse("always 2.4", dialect).constant == "2.4")
        #expect(try ExpressionParser.parse("always 007", dialect).constant == "007")
    }
}
