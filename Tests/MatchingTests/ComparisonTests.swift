import Matching
import Referral
import Testing

/// Pairs of descriptions, and how far one field of them agrees.
@Suite struct ComparisonTests {
    private func expect(
        _ a: Described, _ b: Described, _ field: MatchField, _ level: MatchLevel,
        _ place: SourceLocation = #_sourceLocation
    ) {
        #expect(Matcher.ofCity.compare(a, b).level(of: field) == level, sourceLocation: place)
        #expect(Matcher.ofCity.compare(b, a).level(of: field) == level, sourceLocation: place)
    }

    @Test(arguments: [
        ("Canary", "CANARY", MatchLevel.exact), ("O'Dowd", "O Dowd", .exact), ("Smith-Jones", "Jones Smith", .exact),
        ("Smith-Jones", "Jones", .part), ("Wójcik", "Wojcik", .exact), ("Шевченко", "Shevchenko", .exact),
        ("Brown", "Browne", .near), ("Greenhalgh", "Greenhlagh", .near), ("Thompson", "Thomson", .near),
        ("Knight", "Nite", .sound), ("Macleod", "Mcleod", .near), ("Hussain", "Hossain", .near),
        ("Canary", "Thistlewood", .different), ("Khan", "", .missing),
    ])
    func `family names`(a: String, b: String, level: MatchLevel) {
        expect(Described(family: a), Described(family: b.isEmpty ? nil : b), .family, level)
    }

    @Test(arguments: [
        ("Elsie", "elsie", MatchLevel.exact), ("Anne Marie", "Anne", .exact), ("Anne Marie", "Marie", .part),
        ("Robert", "Bob", .nickname), ("Elizabeth", "Liz", .nickname), ("Mohammed", "Muhammad", .nickname),
        ("Md", "Mohammed", .nickname), ("Elsie", "E", .initial), ("Elsie", "R", .different),
        ("Catherine", "Katherine", .near),
        ("Kathryn", "Cathrin", .sound), ("Tim", "Tom", .different), ("Elsie", "Bogdan", .different),
        ("Siân", "Sian", .exact), ("Юлія", "Yuliia", .near), ("Elsie", "", .missing),
    ])
    func `given names`(a: String, b: String, level: MatchLevel) {
        expect(Described(given: a), Described(given: b.isEmpty ? nil : b), .given, level)
    }

    @Test func `names in each other's place`() {
        let crossed = Described(given: "Canary", family: "Elsie")
        expect(Described(), crossed, .family, .swapped)
        expect(Described(), crossed, .given, .swapped)
    }

    @Test func `a name that the person is also known by agrees`() {
        let known = Described().with { $0.alsoKnownAs = ["Elsie Finch"] }
        expect(known, Described(family: "Finch"), .family, .exact)
    }

    @Test(arguments: [
        ("1950-04-03", MatchLevel.exact), ("1950-03-04", .swapped), ("1951-04-03", .near), ("1905-04-03", .near),
        ("1950-04-30", .near), ("1950-04-13", .near), ("1950-04-28", .part), ("1950-12-03", .part),
        ("1962-04-03", .part),
        ("1971-11-02", .different), ("", .missing),
    ])
    func `birth dates`(b: String, level: MatchLevel) {
        expect(Described(born: "1950-04-03"), Described(born: b.isEmpty ? nil : b), .birthDate, level)
    }

    @Test(arguments: [
        ["12 Example Street", "12 Example Street", "exact"], ["12 Example Street", "12 Exampel Stret", "exact"],
        ["12 Example Street", "Example Street", "near"], ["12 Example Street", "14 Example Street", "near"],
        ["12 Example Street", "4 Bobbin Row", "different"],
        ["Flat 12a, Example House", "12A Example House", "near"],
    ])
    func addresses(_ row: [String]) {
        let (a, b) = (Described(lines: [row[0]]), Described(lines: [row[1]]))
        guard let level = MatchLevel(rawValue: row[2]) else {
            Issue.record("no level \(row[2])")
            return
        }
        expect(a, b, .address, level)
    }

    @Test func `the same UPRN is the same home, however it is written`() {
        expect(
            Described(lines: ["12 Example Street"], uprn: "100030012345"),
            Described(lines: ["The Old Mill"], uprn: "100030012345"), .address, .exact)
    }

    @Test(arguments: [
        ("DE1 2FS", MatchLevel.exact), ("DE1 2FT", .near), ("DE1 9ZZ", .part), ("NG7 4AA", .different), ("", .missing),
    ])
    func postcodes(b: String, level: MatchLevel) {
        expect(Described(), Described(postcode: b.isEmpty ? nil : b), .postcode, level)
    }

    @Test func `numbers`() {
        let verified = Described(nhs: "9990000018")
        let typed = Described(nhs: "9990000018", isVerified: false)
        expect(verified, verified, .nhsNumber, .verified)
        expect(verified, typed, .nhsNumber, .exact)
        expect(verified, Described(nhs: "9990000026"), .nhsNumber, .different)
        expect(typed, Described(nhs: "9990000108", isVerified: false), .nhsNumber, .near)
        expect(verified, Described(), .nhsNumber, .missing)
        expect(Described(local: "A1"), Described(local: "A1"), .otherNumber, .exact)
        expect(Described(local: "A1"), Described(local: "A2"), .otherNumber, .different)
    }

    @Test func `a sender's own number says nothing about another sender's`() {
        let a = Described(local: "A1").fingerprint(sender: "uhdb")
        let b = Described(local: "A1").fingerprint(sender: "emas")
        #expect(Matcher.ofCity.compare(a, b).level(of: .otherNumber) == .missing)
    }
}
