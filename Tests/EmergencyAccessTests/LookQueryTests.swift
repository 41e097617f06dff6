import Referral
import Testing

@testable import EmergencyAccess

@Suite struct LookQueryTests {
    private static let birth = CalendarDate(iso: "1947-05-03")!

    private func house(_ postcode: String, _ house: String) -> CardKey? {
        LookQuery.house(postcode: postcode, house: house).keys.first
    }

    private func person(_ family: String, _ dob: CalendarDate = birth) -> CardKey? {
        LookQuery.person(family: family, dob: dob).keys.first
    }

    @Test(
        arguments: [
            (.uprn("100030329987"), "uprn"), (.house(postcode: "DE1 2FS", house: "12"), "postcode_house"),
            (.person(family: "Testcase", dob: CalendarDate(iso: "1947-05-03")!), "name_dob"),
            (.nhsNumber("9434765919"), "nhs_number"), (.candidate("c1"), "candidate"),
        ] as [(LookQuery, String)])
    func `the record says by what somebody asked, and not for whom`(_ query: LookQuery, _ kind: String) {
        #expect(query.kind == kind)
        #expect((query.keys.isEmpty) == (kind == "candidate"))
    }

    @Test func `a postcode is the same with and without its space`() throws {
        let key = try #require(house("DE1 2FS", "12"))
        #expect(house("DE12FS", "12") == key)
        #expect(house("DE1  2FS ", "12") == key)
        #expect(house("DE1 2FT", "12") != key)
        #expect(house("DE11 2FS", "12") != key)
    }

    @Test(arguments: [
        ("12a", "12 A"), ("12a", "12A"), ("12a", "12-a"), ("12a", " 12 a. "), ("Rose Cottage", "ROSE  COTTAGE"),
        ("St. Mary's", "st marys"), ("St. Mary\u{2019}s", "St Mary's"), ("Flat 1", "flat-1"),
        ("12 Example Street", "12, example street"), ("Café House", "Cafe\u{301} House"),
    ])
    func `a house is the same however it is spelt`(_ one: String, _ other: String) throws {
        let key = try #require(house("DE1 2FS", one))
        #expect(house("DE1 2FS", other) == key)
    }

    @Test(arguments: [
        ("12", "12a"), ("12", "112"), ("12", "1"), ("12a", "12b"), ("Rose Cottage", "Rose House"),
        ("12 Example Street", "12"),
    ])
    func `another house is another key`(_ one: String, _ other: String) throws {
        let key = try #require(house("DE1 2FS", one))
        let otherKey = try #require(house("DE1 2FS", other))
        #expect(otherKey != key)
    }

    @Test func `zeros before a UPRN do not count, those in it do`() throws {
        let key = try #require(LookQuery.uprn("100030329987").keys.first)
        #expect(LookQuery.uprn("000100030329987").keys.first == key)
        #expect(LookQuery.uprn("10003032998").keys.first != key)
        #expect(LookQuery.uprn("1000").keys.first != LookQuery.uprn("100").keys.first)
        #expect(LookQuery.uprn("1001").keys.first != LookQuery.uprn("101").keys.first)
    }

    @Test(arguments: [
        ("O'Neil", "ONeil"), ("O'Neil", "o\u{2019}neil"), ("O'Neil", "O NEIL"), ("O'Neil", "Óneil"),
        ("O'Neil", "ó néil"), ("O'Neil", "O\u{301}Neil"), ("O'Neil", "  O`Neil  "), ("Smith-Jones", "smith jones"),
        ("Müller", "MULLER"), ("Strauß", "Strauss"), ("van der Berg", "Vanderberg"),
    ])
    func `a family name is the same however it is spelt`(_ one: String, _ other: String) throws {
        let key = try #require(person(one))
        #expect(person(other) == key)
    }

    @Test func `another name or another birth date is another key`() throws {
        let key = try #require(person("O'Neil"))
        let nextDay = try #require(CalendarDate(iso: "1947-05-04"))
        let swapped = try #require(CalendarDate(iso: "1947-03-05"))
        let others = try [
            #require(person("O'Neill")), #require(person("Neil")), #require(person("O'Neil", nextDay)),
            #require(person("O'Neil", swapped)),
        ]
        #expect(Set(others).count == 4 && !others.contains(key))
    }

    @Test(arguments: ["", " ", "-", "...", "'", "\u{2019}", "#?!", "\u{2014}", "\u{301}", "\u{0}", "☎"])
    func `nothing is found by punctuation alone`(_ text: String) {
        #expect(house("DE1 2FS", text) == nil)
        #expect(person(text) == nil)
    }

    @Test func `writing that is no alphabet of ours is a name`() throws {
        let key = try #require(person("王"))
        #expect(person("李") != key)
    }

    @Test func `the same text asked for in two ways is two keys`() {
        let queries: [LookQuery] = [
            .uprn("9434765919"), .nhsNumber("9434765919"), .house(postcode: "DE1 2FS", house: "9434765919"),
            .person(family: "9434765919", dob: Self.birth),
        ]
        #expect(Set(queries.compactMap { $0.keys.first }).count == 4)
    }
}
