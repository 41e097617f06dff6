import Testing

@testable import Matching

@Suite struct SimilarityTests {
    /// The published examples of the measure (Winkler, 1990).
    @Test(arguments: [
        ("martha", "marhta", 0.961), ("dwayne", "duane", 0.840), ("dixon", "dicksonx", 0.813), ("abc", "abc", 1),
        ("abc", "xyz", 0), ("", "abc", 0),
    ])
    func `Jaro and Winkler's examples hold`(a: String, b: String, expected: Double) {
        #expect(abs(Similarity.jaroWinkler(Array(a.utf8), Array(b.utf8)) - expected) < 0.001)
    }

    @Test(arguments: [
        ("smith", "smyth", true), ("smith", "smiht", true), ("smith", "smit", true), ("smith", "smithe", true),
        ("smith", "smith", true), ("smith", "smythe", false), ("ab", "ba", true), ("abc", "cab", false),
        ("", "a", true),
        ("", "ab", false),
    ])
    func `one edit is one letter, or two neighbours exchanged`(a: String, b: String, isOne: Bool) {
        #expect(Similarity.isOneEdit(Array(a.utf8), Array(b.utf8)) == isOne)
        #expect(Similarity.isOneEdit(Array(b.utf8), Array(a.utf8)) == isOne)
    }

    @Test func `likeness is the same both ways, between nothing and one, for any words`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            let words = (0..<2).map { _ in
                (0..<Int.random(in: 0...70, using: &random)).map { _ in UInt8.random(in: 97...101, using: &random) }
            }
            let likeness = Similarity.jaroWinkler(words[0], words[1])
            #expect(likeness == Similarity.jaroWinkler(words[1], words[0]))
            #expect((0...1).contains(likeness))
        }
    }

    @Test(arguments: [
        ("yusuf", "youssef"), ("stephen", "steven"), ("mohammed", "muhammad"), ("catherine", "kathryn"),
        ("knight", "night"),
        ("wright", "right"), ("shaun", "shawn"), ("khan", "kan"),
    ])
    func `names that sound alike have the same code`(a: String, b: String) {
        #expect(Sound.code(Array(a.utf8)) == Sound.code(Array(b.utf8)))
    }

    @Test(arguments: [("smith", "jones"), ("patel", "begum"), ("tim", "tony"), ("ali", "eve")])
    func `names that do not sound alike have other codes`(a: String, b: String) {
        #expect(Sound.code(Array(a.utf8)) != Sound.code(Array(b.utf8)))
    }
}
