import Testing

@testable import Matching

@Suite struct FoldingTests {
    @Test(arguments: [
        ("O'Dowd", "odowd"), ("O\u{2019}Dowd", "odowd"), ("Siân", "sian"), ("SIÂN", "sian"),
        ("Sia\u{302}n", "sian"), ("Wójcik", "wojcik"), ("Łukasz", "lukasz"),
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("Strauß", "strauss"), ("Ægir", "aegir"), ("Øyvind", "oyvind"), ("Nguyễn", "nguyen"),
        ("Шевченко", "shevchenko"),
        ("ЮЛІЯ", "iuliia"), ("Παπαδόπουλος", "papadopoylos"), ("St. John", "st john"), ("  ", ""), ("!?", ""),
        ("Anne Marie", "anne marie"),
    ])
    func `a text becomes small letters and digits in words`(text: String, folded: String) {
        let words = Folding.words(text).map { String(decoding: $0, as: UTF8.self) }
        #expect(words.joined(separator: " ") == folded)
    }

    @Test func `writing that is no alphabet of Europe stays as it is`() {
        #expect(Folding.words("李 明").map { String(decoding: $0, as: UTF8.self) } == ["李", "明"])
    }

    @Test func `a text of any length gives a bounded number of bounded words`() {
        let words = Folding.words(String(repeating: "abcdefgh ", count: 5_000) + String(repeating: "x", count: 5_000))
        #expect(words.count <= 24)
        #expect(Folding.words(String(repeating: "x", count: 50_000)).allSatisfy { $0.count <= 64 })
    }
}
