import Referral
import Testing

@Suite struct ValueTests {
    let document: Value = [
        "person": ["given": "Anne Marie", "identifiers": [["type": "nino"], ["type": "upn", "value": "x"]]],
        "size": 12, "matrix": [[1, 2], [3]], "gone": nil, "known": true,
    ]

    @Test(arguments: [
        ("person.given", "Anne Marie" as Value?), ("person.identifiers[1].value", "x"), ("matrix[0][1]", 2),
        ("known", true), ("gone", .null),
        ("person.family", nil), ("person.identifiers[2].type", nil), ("person.identifiers[-1]", nil), ("size.of", nil),
        ("matrix[0", nil), ("matrix[x]", nil),
    ])
    func `a path leads to a value or to nothing`(_ path: String, _ expected: Value?) {
        #expect(document[path: path] == expected)
    }

    @Test func `setting a member makes the objects on the way`() {
        var value = Value.null
        value["a"] = ["b": 1]
        value["a"]?["b"] = nil
        value["a"]?["c"] = "d"
        #expect(value == ["a": ["c": "d"]])
    }

    @Test func `strings are equal when Unicode calls them equivalent, numbers when they are written alike`() {
        #expect(Value.string("Zo\u{EB}") == .string("Zoe\u{308}"))
        #expect(Value.number("1.0") != .number("1"))
        #expect(Value.number("1") != .string("1"))
    }

    @Test func `accessors give nothing for another kind`() {
        #expect(Value.number("7").stringValue == nil)
        #expect(Value.number("7").textValue == "7")
        #expect(Value.number("7.0").intValue == nil)
        #expect(Value.string("true").boolValue == nil)
        #expect(document.arrayValue == nil)
        #expect(document[0] == nil)
    }
}
