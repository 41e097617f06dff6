import Referral
import Testing

@testable import Translation

struct EvaluationTests {
    private let document = """
        {"a": "one", "secret": "Zzyzx", "empty": "", "list": ["x", "y", "x"], "codes": ["S", "?"], "flag": true, "number": 7,
         "people": [{"role": "subject", "name": "Anne"}, {"role": "child", "name": "Kit"}, {"name": "Nobody"}]}
        """

    @Test(arguments: [
        ("a", ["one"]), ("missing", []), ("empty", []), ("missing or a", ["one"]), ("empty or list", ["x", "y", "x"]),
        ("a + list + missing", ["one", "x", "y", "x"]), ("missing + empty or a", ["one"]),
        ("a or missing + list", ["one"]),
        ("(missing or list | first) + a", ["x", "one"]), ("missing | default z", ["z"]), ("a | default z", ["one"]),
        ("list | first", ["x"]), ("list | last", ["x"]), ("list | unique", ["x", "y"]), ("list | count", ["3"]),
        ("missing | count", []), ("list | join", ["x y x"]), ("list | join ''", ["xyx"]),
        ("list | join commas", ["x, y, x"]),
        ("list | join lines", ["x\ny\nx"]), ("'a;b; ;c' | split ';'", ["a", "b", "c"]), ("'a,b' | split", ["a", "b"]),
        ("list | join lines | split lines | count", ["3"]), ("people | map .name", ["Anne", "Kit", "Nobody"]),
        ("people | where .role = subject | map .name", ["Anne"]), ("people | where not .role | map .name", ["Nobody"]),
        ("people | where .role != SUBJECT | map .name", ["Kit", "Nobody"]),
        ("people | where .name *= ODY | map .name", ["Nobody"]),
        ("a | when flag = true", ["one"]), ("a | when flag = false", []),
        ("a | when missing", []), ("a | when not missing and number = 6, 7", ["one"]), ("'lit' | when a", ["lit"]),
        ("a | one", ["one"]), ("flag", ["true"]), ("number", ["7"]), ("people | count", ["3"]),
    ]) func `expressions give what they say`(_ expression: String, _ expected: [String]) throws {
        let result = try found(expression, in: document)
        #expect(result.texts == expected)
        #expect(result.raised.isEmpty)
    }

    @Test func `a long text is parted in one pass`() throws {
        let lines = String(repeating: "é line\n", count: 50_000)
        let document = String(decoding: StrictJSON.write(["text": .string(lines)]), as: UTF8.self)
        #expect(try found("text | split lines | count", in: document).texts == ["50000"])
        #expect(try found("text | remove ' line' | take 3", in: document).texts == ["é\né"])
    }

    @Test func `a required field that is missing is an error at its first path`() throws {
        let result = try found("(missing or gone) | required", in: document)
        #expect(result.raised.map(\.finding.code) == [.missing])
        #expect(result.raised.first?.finding.path == "missing")
        #expect(result.raised.first?.isError == true)
    }

    @Test func `one refuses several`() throws {
        let result = try found("list | one", in: document)
        #expect(result.texts.isEmpty)
        #expect(result.raised.map(\.finding) == [Finding(.schema, at: "list[1]", "only one is expected")])
    }

    @Test func `an unknown code is left out with a warning, or kept with a question mark`() throws {
        let dropped = try found("codes | code { S = urgent }", in: document)
        #expect(dropped.texts == ["urgent"])
        #expect(dropped.raised.map(\.finding.path) == ["codes[1]"])
        #expect(dropped.raised.map(\.isError) == [false])
        #expect(try found("codes | code? { S = urgent }", in: document).texts == ["urgent", "?"])
        let silent = try found("codes | code { S = urgent, * = nothing }", in: document)
        #expect(silent.texts == ["urgent"] && silent.raised.isEmpty)
    }

    @Test func `a text that fails a check is an error and left out, or a warning and kept`() throws {
        let strict = try found("a | date", in: document)
        #expect(strict.texts.isEmpty)
        #expect(strict.raised.map(\.finding.code) == [.invalidDate] && strict.raised[0].isError)
        let lenient = try found("a | date?", in: document)
        #expect(lenient.texts == ["one"])
        #expect(lenient.raised.map(\.isError) == [false])
    }

    @Test func `findings never quote the document`() throws {
        let result = try found("(secret | date) + (secret | phone) + (secret | code { X = y })", in: document)
        #expect(result.raised.count == 3)
        #expect(result.raised.allSatisfy { !$0.finding.text.contains("Zzyzx") })
    }
}
