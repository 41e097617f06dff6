import Referral
import Testing

@Suite struct ObjectTests {
    @Test func `keys stay in the order in which they came and are there once`() {
        var object = Object([("b", 1), ("a", 2), ("b", 3)])
        #expect(object.keys == ["b", "a"])
        #expect(object["b"] == 3)
        let inserted = object.insert(4, for: "a")
        #expect(!inserted)
        #expect(object["a"] == 2)
    }

    @Test(arguments: [3, 16, 17, 18, 5000])
    func `every member is found, whatever the size`(_ count: Int) {
        var object = Object((0..<count).map { ("key\($0)", Value.number(String($0))) })
        #expect(object.count == count)
        #expect((0..<count).allSatisfy { object["key\($0)"] == .number(String($0)) })
        object["key1"] = nil
        #expect(object.count == count - 1)
        #expect(object["key1"] == nil)
        #expect(object["key\(count - 1)"] == .number(String(count - 1)))
        object["key1"] = "again"
        #expect(object.keys.last == "key1")
        #expect(object["key1"] == "again")
    }

    @Test func `equality and hash do not count the order`() {
        let left: Object = ["a": 1, "b": [2]]
        let right: Object = ["b": [2], "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": 1, "b": [3]])
        #expect(left != ["a": 1])
        #expect(left != ["a": 1, "c": [2]])
    }

    @Test func `a key that is spelt with a combining accent is the same key`() {
        let object: Object = ["caf\u{E9}": 1]
        #expect(object["cafe\u{301}"] == 1)
    }
}
